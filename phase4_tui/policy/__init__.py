"""Pure decisions: every figure of the policy, no files and no clock."""
