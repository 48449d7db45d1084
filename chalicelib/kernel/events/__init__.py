"""What happened: changes of aggregates, the event log that keeps them, and what people can be told."""
