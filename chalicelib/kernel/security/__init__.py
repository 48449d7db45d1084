"""Personal data and keys: sealed fields, sealed texts, signatures, this deployment's secrets."""
