"""The image of the working tree, as a runtime on an engine starts it."""

from functools import cached_property

from slipway.engine import images
from slipway.engine.compose import local_image
from slipway.image import build, plan
from slipway.project import labels, tags
from slipway.project.checkout import Checkout
from slipway.project.tree import Tree


class TreeImage:
    """The image that this tree is, or will be, built as.

    In development one tag stands for whatever this checkout built last; a release's tag means one content.
    """

    def __init__(self, checkout: Checkout, dev: bool) -> None:
        self.checkout = checkout
        self.dev = dev

    @cached_property
    def _tree(self) -> Tree:
        return plan.read_tree(self.checkout)

    @cached_property
    def tag(self) -> str:
        """The image's tag."""
        project = self.checkout.project
        return local_image(project, tags.DEV) if self.dev else plan.of(project, self._tree).tag

    @cached_property
    def release(self) -> str:
        """The tag as that of a release; raises Problem where it would be another one elsewhere."""
        plan.check_version(self._tree)
        if self._tree.miscounts:
            self.checkout.steps.say(f"  {self._tree.miscounts}")
        return self.tag

    @cached_property
    def inputs(self) -> str:
        """The hash of what goes into it."""
        return plan.inputs(self.checkout.project)

    def prepare(self) -> None:
        """Build it when what goes into it has changed; raises Problem."""
        with self.checkout.steps.step("image", self.tag) as step:
            if self.is_built():
                step.detail += ", unchanged"
            else:
                if self.dev and self._tree.nameless:  # of a release, `release` says it
                    self.checkout.steps.say(f"  {self._tree.nameless}")
                build.build(self.checkout, plan.of(self.checkout.project, self._tree), [self.tag])

    def is_built(self) -> bool:
        """Tell whether it is there, of what goes into it now; raises Problem."""
        found = images.label(self.checkout.shell, self.tag, labels.INPUTS)
        return found is not None and (found == self.inputs or not self.dev)  # a version's tag means one content
