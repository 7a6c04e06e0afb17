import pytest
import torch

from sar_colorize.models.pix2pix import Discriminator, Generator, initialize


def trainable(network):
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def shapes(layers, x):
    found = []
    for layer in layers:
        x = layer(x)
        found.append(tuple(x.shape[1:]))
    return found


def test_generator_has_the_published_parameters():
    # TensorFlow's pix2pix tutorial prints 54,414,979 with three channels in; two channels less here.
    assert trainable(Generator(64)) == 54_414_979 - 2 * 4 * 4 * 64
    assert trainable(Generator(64, channels=3)) == 54_414_979


def test_discriminator_has_the_published_parameters():
    # The same tutorial: 2,768,641 with six channels in; four here.
    assert trainable(Discriminator(64)) == 2_768_641 - 2 * 4 * 4 * 64
    assert trainable(Discriminator(64, channels=3)) == 2_768_641


def test_generator_has_the_shapes_of_the_layer_table():
    network = Generator(64).eval()
    with torch.inference_mode():
        x, seen = torch.zeros(1, 1, 256, 256), []
        skips = []
        for down in network.downs:
            x = down(x)
            skips.append(x)
            seen.append(tuple(x.shape[1:]))
        skips.pop()
        for up in network.ups:
            x = torch.cat([up(x), skips.pop()], 1)
            seen.append(tuple(x.shape[1:]))
        seen.append(tuple(network.last(x).shape[1:]))
    assert seen == [
        (64, 128, 128),
        (128, 64, 64),
        (256, 32, 32),
        (512, 16, 16),
        (512, 8, 8),
        (512, 4, 4),
        (512, 2, 2),
        (512, 1, 1),
        (1024, 2, 2),
        (1024, 4, 4),
        (1024, 8, 8),
        (1024, 16, 16),
        (512, 32, 32),
        (256, 64, 64),
        (128, 128, 128),
        (3, 256, 256),
    ]


def test_discriminator_judges_30_by_30_patches():
    with torch.inference_mode():
        seen = shapes(Discriminator(64).eval(), torch.zeros(1, 4, 256, 256))
    assert [seen[0], seen[1], seen[2], seen[3], seen[-1]] == [
        (64, 128, 128),
        (128, 64, 64),
        (256, 32, 32),
        (512, 31, 31),
        (1, 30, 30),
    ]


def test_discriminator_sees_70_by_70_pixels():
    torch.manual_seed(0)
    network = Discriminator(4).double().eval()
    picture = torch.rand(1, 4, 256, 256).double().requires_grad_()
    network(picture)[0, 0, 15, 15].backward()
    rows, cols = picture.grad.abs().sum((0, 1)).nonzero(as_tuple=True)
    assert (rows.max() - rows.min() + 1, cols.max() - cols.min() + 1) == (70, 70)


def test_only_the_first_three_up_levels_drop_out():
    drops = [any(isinstance(layer, torch.nn.Dropout) for layer in up) for up in Generator(4).ups]
    assert drops == [True, True, True, False, False, False, False]


def test_dropout_never_acts_at_inference():
    torch.manual_seed(0)
    network = Generator(4).eval()
    with torch.inference_mode():
        x = torch.rand(1, 1, 256, 256)
        assert torch.equal(network(x), network(x))


def test_a_side_that_is_no_multiple_of_256_keeps_its_size():
    with torch.inference_mode():
        assert Generator(4).eval()(torch.zeros(1, 1, 300, 64)).shape == (1, 3, 300, 64)


def test_initial_weights_spread_by_0_02():
    torch.manual_seed(0)
    network = Generator(16)
    initialize(network)
    assert network.downs[4][0].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert network.downs[4][1].weight.mean().item() == pytest.approx(1.0, abs=0.01)
