from .checking import LawCheck as LawCheck
from .checking import check_component as check_component
from .checking import check_plugin as check_plugin
from .checking import iterate_plugin as iterate_plugin
from .checking import plugin_cases as plugin_cases
from .law import Law as Law
from .law import LawsBroken as LawsBroken
from .law import Outcome as Outcome
