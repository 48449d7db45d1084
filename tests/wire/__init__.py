"""The wire to DynamoDB, KMS and Secrets Manager, beside botocore."""
