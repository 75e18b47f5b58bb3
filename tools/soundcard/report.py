"""The figures of a run: as one JSON object, and as tables for a person."""

from __future__ import annotations

import os
import platform
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from companion.apps.bench_latency import done_ahead, spread, worked_ahead
from tools.soundcard.analyse import STAGES, Found, Interjection


def machine() -> dict[str, Any]:
    """The processor's name and the number of cores that this process may use."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
    }


def summary(found: Found) -> dict[str, Any]:
    """A scene in figures; times in milliseconds, `p50` and `p95`, beside the `n` they are of."""
    steps = found.steps
    into = [one.interjection for one in steps if one.interjection is not None]
    real = [one for one in into if one.outcome in ("yielded", "not yielded")]
    passing = [one for one in into if one.outcome in ("resumed", "not resumed")]
    return {
        "n": len(steps),
        "minutes": found.minutes,
        "spoken_s": found.spoken_s,
        "idle": found.idle,
        "toned": found.toned,
        "gap_ms": spread(one.gap_ms for one in steps),
        "gap_with_lead_ms": spread(one.gap_ms for one in steps if one.led),
        "gap_without_lead_ms": spread(one.gap_ms for one in steps if not one.led),
        "told_gap_ms": spread(one.told_gap_ms for one in steps),
        **{stage: spread(one.stages[stage] for one in steps) for stage in STAGES},
        "cut_ins": sum(one.cut_in for one in steps),
        "nods": sum(one.nodded for one in steps),
        "missed": sum(one.gap_ms is None for one in steps),
        "ahead": worked_ahead([one.ahead for one in steps if one.ahead is not None]),
        "cpu_s": spread(one.cpu_s for one in steps if one.interjection is None),
        "memory_mb": _memory([one.memory_mb for one in steps]),
        "interruptions": {
            "n": len(real),
            "yielded": sum(one.outcome == "yielded" for one in real),
            "barge_in_ms": spread(one.barge_in_ms for one in real),
            "from_voice_ms": spread(one.from_voice_ms for one in real),
            "answer_ms": spread(one.answer_ms for one in real),
        },
        "passing": {
            "n": len(passing),
            "resumed": sum(one.outcome == "resumed" for one in passing),
            "repeated": sum((one.repeated_ms or 0.0) > 0 for one in passing),
            "silence_ms": spread(one.silence_ms for one in passing),
            "by_kind": _by_kind(passing),
        },
        "excluded": dict(Counter(one.outcome for one in into if one.outcome in ("reply was over", "not heard"))),
        "own": {"turns": found.own_turns, "holds": found.own_holds, "stops": found.own_stops},
        "errors": {
            key: round(errors.rate, 3) if errors.length else None
            for key, errors in (("plain", found.plain), ("over_reply", found.over), ("alone", found.alone))
        },
        "trouble": {
            "noticed_s": [one.noticed_s for one in steps if one.noticed_s is not None],
            "back_s": [one.back_s for one in steps if one.back_s is not None],
        },
        "stumbled": sum(abs(one.stumbled_ms) > 5 for one in steps),
        "alignment_ms": found.alignment_ms,
        "steps": [asdict(one) for one in steps],
    }


def _memory(held: list[float]) -> dict[str, float]:
    """Megabytes at the end of the second tenth of the steps (what is made once is made by then), and of the last."""
    settled = held[: max(1, len(held) // 5)]
    return {"settled": settled[-1], "last": held[-1], "most": max(held)}


def _by_kind(into: list[Interjection]) -> dict[str, str]:
    kinds = Counter(one.kind for one in into)
    return {kind: f"{sum(o.outcome == 'resumed' for o in into if o.kind == kind)}/{n}" for kind, n in kinds.items()}


def tables(result: dict[str, Any]) -> None:
    """Print the figures."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    on = result["machine"]
    table = Table(
        "scene",
        "what",
        *(("n", "p50", "p95")),
        title=f"{on['cpu']}, {on['cores']} cores; {result['profile']}, {result['language']}",
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for name, scene in result["scenes"].items():
        for what, figures in _rows(scene):
            table.add_row(name, what, *(_cell(figures[key]) for key in ("n", "p50", "p95")))
        table.add_section()
    console.print(table)
    for name, scene in result["scenes"].items():
        console.print(f"[bold]{name}[/bold]: {'; '.join(_remarks(scene))}")


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}" if value % 1 and value < 100 else f"{value:,.0f}"


def _rows(scene: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    rows = [
        ("gap at the sound card, ms", scene["gap_ms"]),
        ("  where a lead opened the answer", scene["gap_with_lead_ms"]),
        ("  where none did", scene["gap_without_lead_ms"]),
        ("gap as told, ms", scene["told_gap_ms"]),
        *((f"  {stage.removesuffix('_ms')}", scene[stage]) for stage in STAGES),
        ("sound → silence, ms", scene["interruptions"]["barge_in_ms"]),
        ("voice → silence, ms", scene["interruptions"]["from_voice_ms"]),
        ("interruption → answer, ms", scene["interruptions"]["answer_ms"]),
        ("silence at a passing sound, ms", scene["passing"]["silence_ms"]),
        ("processor time of a turn, s", scene["cpu_s"]),
    ]
    return [(what, figures) for what, figures in rows if figures["n"]]


def _remarks(scene: dict[str, Any]) -> list[str]:
    real, passing, own = scene["interruptions"], scene["passing"], scene["own"]
    remarks = [f"{scene['n']} turns, {scene['missed']} missed, {scene['cut_ins']} cut in, {scene['nods']} nodded to"]
    if real["n"]:
        remarks.append(f"yielded to {real['yielded']} of {real['n']} interruptions")
    if passing["n"]:
        kinds = ", ".join(f"{kind} {share}" for kind, share in passing["by_kind"].items())
        remarks.append(f"went on after {passing['resumed']} of {passing['n']} passing sounds ({kinds})")
        remarks.append(f"repeated something {passing['repeated']} times")
    remarks.append(
        f"by our own voice ({scene['spoken_s']:.0f} s of it): {own['turns']} turns, {own['holds']} pauses,"
        f" {own['stops']} stops"
    )
    remarks.append(done_ahead(scene["ahead"]))
    remarks.append(f"listening takes {scene['idle']:.0%} of a core")
    memory = scene["memory_mb"]
    remarks.append(f"memory: {memory['settled']:.0f} MB after a fifth of the turns, {memory['last']:.0f} at the end")
    remarks.append(f"{scene['toned']} turns answered knowing how they sounded")
    errors = scene["errors"]
    remarks += [f"words wrong, {what}: {errors[key]:.3f}" for key, what in _ERRORS.items() if errors[key] is not None]
    remarks += [f"{outcome}: {n}" for outcome, n in scene["excluded"].items()]
    trouble = scene["trouble"]
    if trouble["noticed_s"]:
        remarks.append(f"a hanging microphone told after {trouble['noticed_s']} s, return after {trouble['back_s']} s")
    if scene["stumbled"]:
        remarks.append(f"the card stumbled in {scene['stumbled']} turns: was the machine quiet?")
    remarks.append(f"the channels are {max(map(abs, scene['alignment_ms']), default=0.0):g} ms apart")
    return remarks


_ERRORS = {"plain": "in the quiet", "over_reply": "over our voice", "alone": "of these recordings alone"}
