"""``make demo``: the whole journey, as people would live it, against the running system.

Everything goes over HTTP: the API as a mini-program would call it, the simulators' ``/_sim`` where a person would tap
in WeChat or Alipay. It can be played at any hour and as often as wanted.
"""

import infra  # noqa: F401 - Ctrl-C ends a command without a traceback
