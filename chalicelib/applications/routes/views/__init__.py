"""What applications show: the case as its applicant reads it, and as officers do."""
