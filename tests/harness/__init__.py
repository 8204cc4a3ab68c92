"""What tests are written with.

- `specification`: given events / when a command / then events, over an aggregate, without I/O.
- `world`: the gateway over the real services in one process, without a socket or a broker.

`docs/how-to/write-a-test.md` shows one test of each kind.
"""
