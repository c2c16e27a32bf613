"""Actions of the operator, each recorded in the activity log."""
