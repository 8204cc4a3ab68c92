"""Personal data: what identifies a person is encrypted under a key of their own before it is recorded, and unreadable once that is gone.

| module | what it is |
|---|---|
| marks | how the declaration of an event or a command says what a field holds |
| marked_fields | the marks of a type, as they are found in its declaration |
| cipher | encryption of one value, bound to where it stands |
| key_database | the port of the database of keys and of the search index; adapters are in `shared.store` |
| key_wrapping | keys of persons as they are stored: encrypted under the key-encryption key |
| keyring | the keys of persons, as they are used: unwrapped, and kept for some seconds |
| protection | fields of events, on their way into the log |
| opening | and out of it, for readers who may |
| transit | fields of commands, on their way from a gateway to a service |
| search | a keyed index of names, to find a person by the first letters |

What follows the log, destroys keys and keeps the index, is `services.intake.key_projector`.

The log, the broker, read models, feeds and backups hold what is encrypted. ADR 72 says why it is so.
"""
