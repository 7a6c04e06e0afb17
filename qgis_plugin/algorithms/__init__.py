"""The algorithms, one a file."""

from .colorize import Colorize
from .despeckle import Despeckle
from .environment import CheckEnvironment
from .evaluate import Evaluate

ALL = (Colorize, Despeckle, Evaluate, CheckEnvironment)
