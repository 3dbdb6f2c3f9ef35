"""Sets of channels."""

import numpy as np

from tf_lpdistill.compression.channels import Channels


def test_joined_channels_are_one_set_and_are_kept_together():
    channels = Channels()
    first, second, third = (channels.new(3) for _ in range(3))
    fixed = channels.new(2, kept=True)
    np.testing.assert_array_equal(np.concatenate([first, second, third, fixed]), np.arange(11))
    channels.join(first, second)
    channels.join(second[:2], third[1:])
    sets = channels.sets(np.arange(11))
    assert len(set(sets)) == 3 + 1 + 2
    assert sets[0] == sets[3] == sets[7] and sets[1] == sets[4] == sets[8] and sets[2] == sets[5]
    channels.join(third[:1], fixed[:1])
    channels.keep(third[1:2])  # and with it the first of the other two
    expected = [False, True, True, False, True, True, False, False, True, False, False]
    np.testing.assert_array_equal(channels.removable(np.arange(11)), expected)
