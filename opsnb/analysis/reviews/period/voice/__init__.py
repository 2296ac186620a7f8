"""What customers say: scores, tickets, and the themes of their comments."""

from opsnb.analysis.reviews.period.voice.comments import comment_themes
from opsnb.analysis.reviews.period.voice.scores import survey_scores
from opsnb.analysis.reviews.period.voice.service import service_times

__all__ = ["comment_themes", "service_times", "survey_scores"]
