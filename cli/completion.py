"""`sar-colorize completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .command import Choice, command


@command()
@click.argument("shell", type=Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """The completion script of SHELL.

    \b
    sar-colorize completion bash > ~/.local/share/bash-completion/completions/sar-colorize
    sar-colorize completion zsh > "${fpath[1]}/_sar-colorize"
    sar-colorize completion fish > ~/.config/fish/completions/sar-colorize.fish
    """
    from .group import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"shell must be bash, zsh or fish, got {shell}")
    click.echo(kind(cli, {}, "sar-colorize", "_SAR_COLORIZE_COMPLETE").source())
