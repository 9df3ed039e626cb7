package owner

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
)

// TestTheBusiestEngineByOthersCounts: a game draws on one engine while a program of the node computes on another.
func TestTheBusiestEngineByOthersCounts(t *testing.T) {
	const card = "luid_0x00000000_0x0000C3A5_phys_0_eng_"
	values := []engineUse{
		{"pid_100_" + card + "0_engtype_3D", 40},
		{"pid_200_" + card + "0_engtype_3D", 25.5},
		{"pid_300_" + card + "0_engtype_3D", 90}, // own
		{"pid_100_" + card + "1_engtype_VideoDecode", 50},
		{"pid_100_luid_0x00000000_0x0000FFFF_phys_0_eng_0_engtype_3D", 30},
		{"pid_x_" + card + "0_engtype_3D", 99},
		{"pid_7", 99},
		{"_Total", 99},
		{"pid_100_" + card + "0_engtype_3D", -5},
	}
	require.InDelta(t, 65.5, busiest(values, map[int]bool{300: true}), 1e-9)
	require.InDelta(t, 100.0, busiest(values, nil), 0, "at most 100")
	require.Zero(t, busiest(nil, nil))
}

// onlyUse is a driver of which only the use of its cards counts.
type onlyUse struct {
	device.Gauges
	load float64
	err  error
}

func (u onlyUse) Use(map[int]bool) (float64, error) { return u.load, u.err }

// TestCountersThatWindowsLacksAreAReason: and never a load of 0.
func TestCountersThatWindowsLacksAreAReason(t *testing.T) {
	counters := newEngines()
	_, err := counters.use(nil)
	require.Error(t, err, "the first reading is too early, if there are counters")
	none := errors.New("no card")
	load, err := counters.with(onlyUse{err: none})(nil)
	if counters.failed == nil {
		require.NoError(t, err)
		require.GreaterOrEqual(t, load, 0.0)
		return
	}
	require.ErrorContains(t, err, "Windows does not count the use of graphics cards by program")
	require.ErrorIs(t, err, none)
	load, err = counters.with(onlyUse{load: 12})(nil)
	require.NoError(t, err, "the driver knows it")
	require.InDelta(t, 12.0, load, 0)
}
