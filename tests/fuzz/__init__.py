"""The fuzzer: random commands of every type by every role, against the aggregates and against the running product."""
