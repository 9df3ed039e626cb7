package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContainersAreOffByDefault(t *testing.T) {
	require.False(t, Default().Container.Enabled)
	rates, err := Default().Rates()
	require.NoError(t, err)
	require.NotContains(t, rates.Of, "container/1")
}

func TestContainersHaveARateOnceTheyAreEnabled(t *testing.T) {
	for text, want := range map[string]uint64{
		"": 1_000_000_000,
		"[policy]\nfuel-per-block = [\"container/1=7\"]\n": 7,
		"[policy]\nfuel-per-block = 9\n":                   9,
	} {
		c, err := Load(homeWith(t, text+"[container]\nenabled = true\n"), nil, nil)
		require.NoError(t, err)
		rates, err := c.Rates()
		require.NoError(t, err)
		require.Equal(t, want, rates.Rate("container/1"), text)
	}
}

func TestSettingsOfContainersThatCannotWorkSayWhatWould(t *testing.T) {
	for text, want := range map[string]string{
		`socket = ""`:                    "container.socket: expected a socket of this machine",
		`socket = "tcp://10.0.0.1:2375"`: "cannot see the files of this one",
		`gpus = ["GPU 1"]`:               "container.gpus: expected the UUID of a card",
		`cpus = -1`:                      "container.cpus: expected 0 (all cores) to 4096",
		`pids = 1`:                       "container.pids: expected 16 to",
		`images = "1KiB"`:                "container.images: expected at least 1MiB",
		"images = \"1GiB\"\nmax-image = \"2GiB\"": "container.max-image: expected 1MiB to container.images",
	} {
		_, err := Load(homeWith(t, "[container]\n"+text+"\n"), nil, nil)
		require.ErrorContains(t, err, want, text)
	}
}
