"""Where PyTorch can compute here; tests of backends run on what is present and skip nothing."""

import importlib.util


def _torch_devices() -> tuple[str, ...]:
    if importlib.util.find_spec("torch") is None:
        return ()
    import torch  # type: ignore[import-not-found, unused-ignore]

    return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


TORCH_DEVICES = _torch_devices()
