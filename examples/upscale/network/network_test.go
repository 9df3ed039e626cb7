package network_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/upscale/device"
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/tensor/fixed"
)

// sample has all kinds of layers.
func sample() *network.Network {
	return &network.Network{Scale: 1, Layers: []network.Layer{
		{Name: "a", Kind: network.Conv, From: []int{0}, Channels: 8, Height: 3, Width: 3, Relu: true},
		{Name: "b", Kind: network.Join, From: []int{0, 1}, Channels: 20},
		{Name: "c", Kind: network.Conv, From: []int{2}, Channels: 8, Height: 1, Width: 5},
		{Name: "d", Kind: network.Add, From: []int{1, 3}, Channels: 8},
		{Name: "e", Kind: network.Conv, From: []int{4}, Channels: 4, Height: 3, Width: 1},
		{Name: "f", Kind: network.Shuffle, From: []int{5}, Channels: 4},
	}}
}

// contents returns weights of zeros for a network.
func contents(n *network.Network) map[string][]byte {
	made := map[string][]byte{}
	for _, w := range n.Weights() {
		made[w.Name()] = make([]byte, w.Shape.Type.Bytes(w.Shape.Count))
	}
	return made
}

func encode(t testing.TB, n *network.Network) []byte {
	t.Helper()
	file, err := network.Encode(n, contents(n))
	require.NoError(t, err)
	return file
}

// open opens a network from the bytes of its file.
func open(t testing.TB, content []byte) (*network.File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	f, err := network.Open(path)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, f.Close()) })
	}
	return f, err
}

func TestAFileGivesBackTheNetwork(t *testing.T) {
	content := encode(t, sample())
	f, err := open(t, content)
	require.NoError(t, err)
	require.Equal(t, *sample(), f.Network)
	require.Equal(t, 4, f.Network.Halo())
	var names []string
	for _, w := range f.Network.Weights() {
		names = append(names, w.Name())
	}
	require.Equal(t, []string{
		"0.kernel", "0.bias", "0.narrow", "0.wide", "2.kernel", "2.bias", "2.wide", "3.narrow", "4.kernel", "4.bias", "4.wide",
	}, names)
	wrong := contents(sample())
	wrong["0.bias"] = wrong["0.bias"][1:]
	_, err = network.Encode(sample(), wrong)
	require.ErrorContains(t, err, "expected 32 bytes of weight 0.bias, found 31")
}

func TestADamagedFileIsRefused(t *testing.T) {
	content := encode(t, sample())
	with := func(at int, value uint32) []byte {
		changed := bytes.Clone(content)
		binary.LittleEndian.PutUint32(changed[at:], value)
		return changed
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":           {nil, "begins with"},
		"another file":    {[]byte("\x89PNG\r\n\x1a\n12345678"), "begins with"},
		"another version": {with(8, 2), "expected version 1 of the file, found 2"},
		"long header":     {with(12, 1<<20+1), "at most 1048576 bytes, found 1048577"},
		"cut header":      {content[:40], "expected a header of"},
		"not JSON":        {with(12, 10), "as JSON"},
		"more JSON":       {with(12, binary.LittleEndian.Uint32(content[12:])+1), "found more after it"},
		"cut":             {content[:len(content)-1], "convert the model again"},
		"longer":          {append(bytes.Clone(content), 0), "convert the model again"},
	} {
		_, err := open(t, c.content)
		require.ErrorContains(t, err, c.want, name)
	}
	_, err := network.Open(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestANetworkThatDoesNotFitTogetherIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*network.Network)
		want   string
	}{
		"scale":              {func(n *network.Network) { n.Scale = 17 }, "scale from 1 to 16, found 17"},
		"no layers":          {func(n *network.Network) { n.Layers = nil }, "expected 2 to 1024 layers, found 0"},
		"unknown kind":       {func(n *network.Network) { n.Layers[1].Kind = "pool" }, `layer 1 ("b"): expected conv, add, join or shuffle, found "pool"`},
		"later input":        {func(n *network.Network) { n.Layers[1].From[1] = 2 }, "inputs from 0 to 1, found 2"},
		"negative input":     {func(n *network.Network) { n.Layers[1].From[1] = -1 }, "found -1"},
		"no input":           {func(n *network.Network) { n.Layers[0].From = nil }, "1 to 1 inputs of conv, found 0"},
		"sum of a join":      {func(n *network.Network) { n.Layers[3].From[1] = 2 }, "expected conv or add as input of add"},
		"sum of the picture": {func(n *network.Network) { n.Layers[3].From[1] = 0 }, "expected conv or add as input of add"},
		"odd channels":       {func(n *network.Network) { n.Layers[2].Channels = 6 }, "multiple of 4 up to 4096, found 6"},
		"many channels":      {func(n *network.Network) { n.Layers[2].Channels = 4100 }, "found 4100"},
		"unequal sum":        {func(n *network.Network) { n.Layers[2].Channels = 4 }, "inputs of 8 channels, found 8 and 4"},
		"wrong join":         {func(n *network.Network) { n.Layers[1].Channels = 24 }, "expected 24 channels, found inputs of 20"},
		"even kernel":        {func(n *network.Network) { n.Layers[0].Width = 2 }, "odd sides of kernels up to 31, found 2"},
		"kernel of a sum":    {func(n *network.Network) { n.Layers[3].Height = 1 }, "neither a kernel nor relu in add"},
		"small result":       {func(n *network.Network) { n.Scale = 2 }, "at least 12 channels, found 4"},
		"early shuffle":      {func(n *network.Network) { n.Layers[4].Kind = network.Shuffle }, "shuffle as the last layer"},
		"unread":             {func(n *network.Network) { n.Layers[3].From[1] = 1 }, "a layer that reads place 3, found none"},
		"large kernel": {func(n *network.Network) {
			n.Layers[0].Height, n.Layers[0].Width, n.Layers[1].Channels = 31, 31, 4012
			n.Layers[0].Channels = 4000
			n.Layers[2].Height = 31
		}, "kernels of at most 65536 elements"},
	} {
		n := sample()
		c.change(n)
		require.ErrorContains(t, n.Check(), c.want, name)
	}
	require.NoError(t, sample().Check())
}

// Without weights a network shows the biases of its last convolution, within the bounds of a byte.
func TestTheResultIsWithinABytesBounds(t *testing.T) {
	n := sample()
	made := contents(n)
	for o, bias := range []int32{-7, 1000, 200} {
		binary.LittleEndian.PutUint32(made["4.bias"][4*o:], uint32(bias))
		binary.LittleEndian.PutUint32(made["4.wide"][8*o:], 1<<30)
		binary.LittleEndian.PutUint32(made["4.wide"][8*o+4:], uint32(fixed.Scale{E: 30}.E))
	}
	content, err := network.Encode(n, made)
	require.NoError(t, err)
	f, err := open(t, content)
	require.NoError(t, err)
	out, err := network.Enlarge(device.New(), f, network.NewPicture(2, 3), network.MinTile)
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat([]byte{0, 255, 200}, 6), out.Pixels)
}

func TestTilesHaveBounds(t *testing.T) {
	f, err := open(t, encode(t, sample()))
	require.NoError(t, err)
	for _, tile := range []int{0, network.MinTile - 1, network.MaxTile + 1} {
		_, err = network.Enlarge(device.New(), f, network.NewPicture(2, 3), tile)
		require.ErrorContains(t, err, "expected tiles of 8 to 512 pixels")
	}
	_, err = network.Enlarge(device.New(), f, network.NewPicture(0, 3), network.MinTile)
	require.ErrorContains(t, err, "expected a picture of at least one pixel, found 3x0")
	plan, err := network.NewPlan(device.New(), f, 4, 4)
	require.NoError(t, err)
	_, err = plan.Run(network.NewPicture(4, 5))
	require.ErrorContains(t, err, "expected a tile of 4x4 pixels, found 5x4")
}

// FuzzOpen opens files of strangers: those that are accepted run.
func FuzzOpen(f *testing.F) {
	content := encode(f, sample())
	f.Add(content)
	f.Add(content[:64])
	f.Add(bytes.Replace(content, []byte(`"from":[0,1]`), []byte(`"from":[1,0]`), 1))
	f.Fuzz(func(t *testing.T, content []byte) {
		opened, err := open(t, content)
		if err != nil || len(content) > 1<<20 {
			return
		}
		out, err := network.Enlarge(device.New(), opened, network.NewPicture(3, 2), network.MinTile)
		require.NoError(t, err)
		require.Len(t, out.Pixels, 18*opened.Network.Scale*opened.Network.Scale)
	})
}
