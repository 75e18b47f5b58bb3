"""Which model is taken: pure, on a catalogue of a few lines."""

from dataclasses import dataclass, field

import pytest

from companion.catalog import Catalog, Model, ModelMissing, Role


def model(model_id: str, role: Role = "llm", **fields: object) -> Model:
    given = {"profiles": ("starter",), "min_ram_mb": 100, "sources": ()} | fields
    return Model(id=model_id, role=role, engine="any", licence="MIT", **given)


@dataclass
class Shelf:
    """What a store says about itself, for choosing."""

    ids: set[str] = field(default_factory=set)
    asked_for: dict[str, str] = field(default_factory=dict)

    def installed(self, model: Model) -> bool:
        return model.id in self.ids

    def named(self, profile: str, language: str, role: str) -> str | None:
        return self.asked_for.get(f"{profile}/{language}/{role}")


def ids(models: list[Model]) -> list[str]:
    return [model.id for model in models]


def test_candidates_keep_the_order_of_the_catalogue():
    known = Catalog([model("best"), model("good"), model("other role", role="tts")])
    assert ids(known.candidates("llm", "starter", "en")) == ["best", "good"]


def test_a_model_that_names_the_language_first_comes_before_the_others():
    known = Catalog([model("both", languages=("en", "ko")), model("korean", languages=("ko", "en")), model("any")])
    assert ids(known.candidates("llm", "starter", "ko")) == ["korean", "both", "any"]
    assert ids(known.candidates("llm", "starter", "en")) == ["both", "korean", "any"]


def test_an_open_licence_comes_before_any_other():
    known = Catalog([model("tied", free=False, languages=("en",)), model("open")])
    assert ids(known.candidates("llm", "starter", "en")) == ["open", "tied"]


def test_what_does_not_fit_is_no_candidate():
    known = Catalog(
        [
            model("other language", languages=("ko",)),
            model("other profile", profiles=("desktop",)),
            model("too big", min_ram_mb=4000),
            model("fits", min_ram_mb=1000),
        ]
    )
    assert ids(known.candidates("llm", "starter", "en", ram_mb=1000)) == ["fits"]


def test_the_best_installed_model_is_used():
    known = Catalog([model("best"), model("good"), model("poor")])
    assert known.select(Shelf({"good", "poor"}), "starter", "en")["llm"].id == "good"


def test_a_model_the_owner_asked_for_by_name_is_used_before_better_ones():
    known = Catalog([model("best"), model("asked for", profiles=())])
    shelf = Shelf({"best", "asked for"}, {"starter/en/llm": "asked for"})
    assert known.select(shelf, "starter", "en")["llm"].id == "asked for"
    assert known.select(shelf, "starter", "ko")["llm"].id == "best"


def test_a_model_that_was_asked_for_and_removed_does_not_stop_the_conversation():
    shelf = Shelf({"best"}, {"starter/en/llm": "removed"})
    assert Catalog([model("best"), model("removed")]).select(shelf, "starter", "en")["llm"].id == "best"


def test_the_voice_of_the_settings_is_used_where_it_is_installed():
    known = Catalog([model("first", role="tts"), model("mine", role="tts")])
    assert known.select(Shelf({"first", "mine"}), "starter", "en", voice="mine")["tts"].id == "mine"
    assert known.select(Shelf({"first"}), "starter", "en", voice="mine")["tts"].id == "first"


def test_a_missing_model_is_named_with_the_command_that_brings_it():
    with pytest.raises(ModelMissing) as error:
        Catalog([model("ears", role="stt")]).select(Shelf(), "starter", "en")
    assert str(error.value) == (
        "no speech model for English is installed: run `companion models pull --profile starter --language en`"
    )


def test_a_conversation_goes_without_captions_and_without_a_voice_that_does_not_exist():
    known = Catalog(
        [model("mind"), model("captions", role="stt-stream"), model("voice", role="tts", languages=("en",))]
    )
    assert set(known.select(Shelf({"mind"}), "starter", "ko")) == {"llm"}
