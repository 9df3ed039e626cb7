package device

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// powercap returns the folder of a machine that has two processor packages, their parts and a
// platform counter.
func powercap(t *testing.T) string {
	t.Helper()
	return rootWith(t, map[string]string{
		"intel-rapl:0/name": "package-0\n", "intel-rapl:0/energy_uj": "1000000\n", "intel-rapl:0/max_energy_range_uj": "65532610987\n",
		"intel-rapl:0:0/name": "core\n", "intel-rapl:0:0/energy_uj": "5\n", "intel-rapl:0:0/max_energy_range_uj": "10\n",
		"intel-rapl:1/name": "package-1\n", "intel-rapl:1/energy_uj": "0\n", "intel-rapl:1/max_energy_range_uj": "65532610987\n",
		"intel-rapl:2/name": "psys\n", "intel-rapl:2/energy_uj": "7\n", "intel-rapl:2/max_energy_range_uj": "10\n",
	})
}

func setCounter(t *testing.T, root, zone, value string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(root, zone, "energy_uj"), []byte(value+"\n"), 0o600))
}

func TestPackagesAreSummedAndTheirPartsAreNot(t *testing.T) {
	root := powercap(t)
	counters, err := RAPL(root)
	require.NoError(t, err)
	require.Len(t, counters, 2)
	b := newBench()
	span := newLedgerOf(b, counters...).Meter(on("intel-rapl:0", "intel-rapl:1")).Start(t.Context())
	setCounter(t, root, "intel-rapl:0", "3500999")
	setCounter(t, root, "intel-rapl:1", "1500000")
	setCounter(t, root, "intel-rapl:0:0", "9")
	b.at = b.at.Add(time.Second)
	e := span.Stop()
	require.Equal(t, Energy{Millijoules: 4000, Source: "rapl~"}, e)
	require.Equal(t, "4.000 J (rapl~)", e.String())
}

func TestAPackageThatCannotBeReadMakesAllOfThemUnknown(t *testing.T) {
	root := powercap(t)
	counters, err := RAPL(root)
	require.NoError(t, err)
	span := newLedgerOf(newBench(), counters...).Meter(on("intel-rapl:0", "intel-rapl:1")).Start(t.Context())
	setCounter(t, root, "intel-rapl:0", "1500000")
	require.NoError(t, os.Remove(filepath.Join(root, "intel-rapl:1", "energy_uj")))
	e := span.Stop()
	require.False(t, e.Measured())
	require.Contains(t, e.Reason, "rapl")

	_, err = RAPL(root)
	require.Error(t, err)
	_, err = RAPL(t.TempDir())
	require.ErrorContains(t, err, "no counters")
	setCounter(t, root, "intel-rapl:1", "lots")
	_, err = RAPL(root)
	require.ErrorContains(t, err, `found "lots"`)
}
