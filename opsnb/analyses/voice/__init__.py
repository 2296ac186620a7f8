"""What customers say: scores, tickets, and the themes of their comments."""

from opsnb.analyses.voice.comments import comment_themes
from opsnb.analyses.voice.scores import survey_scores
from opsnb.analyses.voice.service import service_times

__all__ = ["comment_themes", "service_times", "survey_scores"]
