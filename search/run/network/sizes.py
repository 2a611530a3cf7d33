"""What the trainings of a confirmation cost, and how large the networks are, without the source of the user's own."""

from __future__ import annotations

from packtune.confirmation.finalists import Candidate
from packtune.models.architectures.build import count_parameters
from packtune.report.live.time_left import cost_of
from packtune.settings import SearchPlan
from packtune.trial import TrialRecord


def cost_of_trial(plan: SearchPlan, record: TrialRecord) -> float:
    """Estimate what a full training of the configuration of a trial costs; the unit is the same for all."""
    configuration, outcome = record.proposal.configuration, record.outcome
    if not configuration.is_own:
        return cost_of((plan.description, configuration))
    network = outcome.network if outcome else None
    return plan.description.n_train * (1 if network is None else network.multiplications)


def parameters_of(plan: SearchPlan, finalist: Candidate) -> int:
    """Count the trainable numbers of a finalist's network."""
    if finalist.configuration.is_own:
        return 0 if finalist.network is None else finalist.network.parameters
    data = plan.description
    return count_parameters(finalist.configuration, input_shape=data.input_shape, outputs=data.outputs)
