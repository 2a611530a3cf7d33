"""The words that options allow: protocols, preferences, metrics, precisions and devices."""

from __future__ import annotations

from packtune.errors import SettingsError, suggest_name
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.training.metrics.catalog import Metric
from packtune.protocol import Protocol
from packtune.run.settings_file import AUTO
from packtune.settings import Preference


def parse_protocol(given: str | None, default: Protocol) -> Protocol:
    """Read the name of a protocol.

    Raises:
        SettingsError: no protocol has that name.
    """
    if given is not None and given not in list(Protocol):
        raise SettingsError(f"unknown protocol {given!r}.{suggest_name(given, Protocol)}")
    return default if given is None else Protocol(given)


def parse_precision(given: str) -> Precision | None:
    """Read the name of a precision; none for "auto".

    Raises:
        SettingsError: no precision has that name.
    """
    if given not in (AUTO, *Precision):
        raise SettingsError(f"unknown precision {given!r}.{suggest_name(given, (AUTO, *Precision))}")
    return None if given == AUTO else Precision(given)


def parse_device(given: str) -> Device | None:
    """Read the name of a device; none for "auto".

    Raises:
        SettingsError: no device has that name.
    """
    if given not in (AUTO, *Device):
        meant = Device.CUDA.value if given.lower() == "gpu" else given
        raise SettingsError(f"unknown device {given!r}.{suggest_name(meant, (AUTO, *Device))}")
    return None if given == AUTO else Device(given)


def parse_preference(given: str) -> Preference:
    """Read which of the finalists that cannot be told apart wins.

    Raises:
        SettingsError: there is no such preference.
    """
    if Preference.known(given) not in list(Preference):
        raise SettingsError(f"unknown preference {given!r}.{suggest_name(given, Preference)}")
    return Preference(Preference.known(given))


def parse_metric(given: str) -> Metric:
    """Read the name of a metric.

    Raises:
        SettingsError: no metric has that name.
    """
    if given not in list(Metric):
        raise SettingsError(f"unknown metric {given!r}.{suggest_name(given.lower(), Metric)}")
    return Metric(given)
