package device

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func cardsOf(t *testing.T, tree string) []Card {
	t.Helper()
	cards, err := JoinDrivers(NewDRM(filepath.Join("testdata/sysfs", tree))).Cards()
	require.NoError(t, err)
	return cards
}

// measured returns the number of a reading that has one.
func measured(t *testing.T, r Reading) int64 {
	t.Helper()
	value, ok := r.Value()
	require.True(t, ok, r.Reason())
	return value
}

func TestACardOfAMDIsReadFromItsFiles(t *testing.T) {
	cards := cardsOf(t, "amdgpu")
	require.Len(t, cards, 1, "a connector and a version are not cards")
	c := cards[0]
	require.Equal(t, GPU{UUID: "amdgpu-0000:03:00.0", Model: "amdgpu graphics 1002:744c", MemoryBytes: 25753026560}, c.GPU)
	require.Equal(t, "amd", c.Vendor)
	require.Equal(t, "00000000030000000000000000000000", c.Vulkan, "as RADV names it")
	s := c.State
	require.EqualValues(t, 1258291200, measured(t, s.MemoryUsed))
	require.EqualValues(t, 37, measured(t, s.Busy))
	require.EqualValues(t, 64_000, measured(t, s.Temperature), "the junction limits the clock, not the edge")
	require.EqualValues(t, 110_000, measured(t, s.Slowdown))
	require.EqualValues(t, 142_000, measured(t, s.Power))
	require.EqualValues(t, 303_000, measured(t, s.PowerCap))
	require.EqualValues(t, 2304, measured(t, s.Clock))
	require.EqualValues(t, 1249, measured(t, s.MemoryClock))
	require.EqualValues(t, 1180, measured(t, s.FanRPM))
	require.EqualValues(t, 29, measured(t, s.FanPercent))
	require.EqualValues(t, 3, measured(t, s.Corrected))
	require.Zero(t, measured(t, s.Uncorrected))
	_, counts := s.Energy.Value()
	require.False(t, counts, "the driver reports power alone")
	require.NotEmpty(t, s.ProcessesMissing)
}

func TestCardsOfIntelAreReadFromTheirFiles(t *testing.T) {
	cards := cardsOf(t, "i915")
	require.Len(t, cards, 2)
	require.Equal(t, "integrated", cards[0].Kind)
	require.Contains(t, cards[0].State.Energy.Reason(), "rapl")
	require.EqualValues(t, 350, measured(t, cards[0].State.Clock))
	card := cards[1]
	require.Equal(t, "discrete", card.Kind)
	require.Equal(t, "8680a056080000000400000000000000", card.Vulkan, "as ANV names it")
	require.EqualValues(t, 98765432, measured(t, card.State.Energy))
	require.EqualValues(t, 190_000, measured(t, card.State.PowerCap))
	require.EqualValues(t, 2400, measured(t, card.State.Clock))
	energy, err := NewDRM("testdata/sysfs/i915").Energy(card.UUID)
	require.NoError(t, err)
	require.EqualValues(t, 98765432100, energy)
	_, err = NewDRM("testdata/sysfs/i915").Energy(cards[0].UUID)
	require.ErrorIs(t, err, ErrNotMeasured)
	_, err = NewDRM("testdata/sysfs/i915").Energy("GPU-1")
	require.ErrorIs(t, err, errNotMine)

	xe := cardsOf(t, "xe")
	require.Len(t, xe, 1)
	require.EqualValues(t, 1234567, measured(t, xe[0].State.Energy), "the package has the only counter")
	require.EqualValues(t, 48_000, measured(t, xe[0].State.Temperature))
	require.EqualValues(t, 2850, measured(t, xe[0].State.Clock))
	require.EqualValues(t, 900, measured(t, xe[0].State.FanRPM))
}

func TestACardThatSleepsIsNotWokenUp(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS("testdata/sysfs/amdgpu")))
	require.NoError(t, os.WriteFile(filepath.Join(root, "sys/class/drm/card1/device/power/runtime_status"), []byte("suspended\n"), 0o600))
	cards, err := NewDRM(root).Cards()
	require.NoError(t, err)
	require.Contains(t, cards[0].State.Temperature.Reason(), "sleeps")
	_, err = NewDRM(root).Power(cards[0].UUID)
	require.ErrorContains(t, err, "sleeps")
	_, err = NewDRM(root).Energy(cards[0].UUID)
	require.ErrorContains(t, err, "sleeps")
}

func TestAMachineWithoutGraphicsHasNoCards(t *testing.T) {
	cards, err := NewDRM(t.TempDir()).Cards()
	require.NoError(t, err)
	require.Empty(t, cards)
	other := rootWith(t, map[string]string{
		"sys/class/drm/card0/device/uevent": "DRIVER=ast\nPCI_SLOT_NAME=0000:02:00.0\n", "sys/class/drm/card01/device/uevent": "DRIVER=xe\nPCI_SLOT_NAME=0000:03:00.0\n",
		"sys/class/drm/card2/device/uevent": "DRIVER=xe\n",
	})
	cards, err = NewDRM(other).Cards()
	require.NoError(t, err)
	require.Empty(t, cards)
}
