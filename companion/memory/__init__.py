"""The memory: encrypted, open to its owner, truly erasable.

::

    vault.create_vault(folder, [secret])     a new memory; vault.open_vault(folder, secret) → Vault
      keyslots.Secret                        passphrase (keys.passphrase_bytes), key file (keys.read_key_file),
                                             recovery key (keys.recovery_bytes), keyring (system_keyring.load)
      vault.store                            the Store that everything below works on
      vault.change · add · remove            the ways in; vault.ways_in(folder) without opening
    episodes.begin_session · save · correct  what was said and heard, with the feelings of the moment
    facts.save · confirm · supersede · edit · known · why
    feelings.save · get · between · timeline
    profile.put · get · everything · drop
    summaries.save · get · between           diary.Diary(store).write(now) makes them; digest chooses the sentences
    recall.Recall(store, embedder)           .recall(text, now) → Recollection; .embed_new() after a turn
    forget.by_ids · by_text · by_person · by_topic · by_period · feelings_only → Plan (the dry run)
    forget.forget(store, plan, now)          → Receipt; rotate.forget_deeply and rotate.rotate on the Vault
    export.export(store, path, now, …)       importing.read(path, …) and importing.restore(store, tables)
    wipe.wipe(folder, now)                   the end; vault.set_aside(folder) for what is damaged

Every error is an `errors.StoreError` whose message is one line for the owner. Times are milliseconds since 1970, UTC. A
Store may be used from any thread. Modules import downwards only: keys ← keyslots ← vault; schema ← store ← the rest.
"""
