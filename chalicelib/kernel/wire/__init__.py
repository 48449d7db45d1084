"""The wire to DynamoDB, KMS and Secrets Manager: signed AWS JSON over kept connections.

Why it is our own, and what it leaves to botocore: docs/decisions/wire.md.
"""
