package device

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// PowercapRoot is the folder in which Linux shows the processor's energy counters.
const PowercapRoot = "/sys/class/powercap"

// RAPL returns the counters of the processor packages below root, normally PowercapRoot. If there
// are none, or if one of them cannot be read (on most systems only root can read them), it returns
// none and the reason.
func RAPL(root string) ([]Counter, error) {
	names, err := filepath.Glob(filepath.Join(root, "intel-rapl:*", "name"))
	if err != nil {
		return nil, fmt.Errorf("rapl: %w", err)
	}
	slices.Sort(names)
	var counters []Counter
	for _, name := range names {
		dir := filepath.Dir(name)
		text, err := readSmall(name)
		// Only counters of whole packages are read, because their parts (intel-rapl:0:0) and
		// the platform (psys) would count the same energy twice.
		if err != nil || !strings.HasPrefix(text, "package-") || strings.Count(filepath.Base(dir), ":") != 1 {
			continue
		}
		path := filepath.Join(dir, "energy_uj")
		limit, err := readCounter(filepath.Join(dir, "max_energy_range_uj"))
		if err == nil {
			_, err = readCounter(path)
		}
		if err != nil {
			return nil, fmt.Errorf("rapl: %w", err)
		}
		counters = append(counters, Counter{
			ID: filepath.Base(dir), Code: "rapl", Name: "processor " + clipped(printable(text)), Range: limit, MostWatts: mostWattsPackage, Every: idleEvery,
			Read: func() (uint64, error) {
				value, err := readCounter(path)
				if err != nil {
					return 0, fmt.Errorf("%w: %w", ErrNotMeasured, err)
				}
				return value, nil
			},
		})
	}
	if len(counters) == 0 {
		return nil, fmt.Errorf("rapl: this machine has no counters under %s", root)
	}
	return counters, nil
}
