"""GPU utilisation and SM activity, in the sense in which the paper compares them as signals.

Utilisation is the share of time in which any kernel runs. A prefill rank is busy while it reads a prompt. A decode
replica is busy whenever it holds a request, however small its batch: that is why the paper finds its decode pools
between 79 and 88 % while the load moves fourteenfold, and calls the signal bad.

SM activity is the share of the multiprocessors' time with work on it. Reading prompts is dense: the paper's prefill
pools show 5-69 % of SM activity at 7-84 % of utilisation, a factor of 0.82. In a decode step the part that does not
depend on the batch (`d0`: the weights stream by) leaves most multiprocessors waiting for memory; what comes with the
batch (`d1*B + d2*KV`) fills them. With a floor of 0.35 for the first and 1 for the second, the paper's 29-63 % come out
where its utilisation is 79-88 %. A model of two numbers read off one figure: right in its shape, not in its digits.
"""

from __future__ import annotations

PREFILL_SM_FRAC = 0.82
DECODE_SM_FLOOR_FRAC = 0.35
