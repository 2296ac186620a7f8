"""What both halves share: errors, workspace, plans, periods, messages, memory across cycles."""
