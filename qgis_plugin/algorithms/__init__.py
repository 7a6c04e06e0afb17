"""The algorithms, one a file."""

from .colorize import Colorize
from .despeckle import Despeckle
from .environment import CheckEnvironment
from .evaluate import Evaluate
from .make_environment import MakeEnvironment
from .page import Page

ALL = (Colorize, Despeckle, Page, Evaluate, CheckEnvironment, MakeEnvironment)
