package device

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Chips reads temperatures and fans from the sensors of chips (hwmon) and from the thermal zones of the
// Linux kernel. A value that cannot be true is left out.
type Chips struct{ root string }

// NewChips returns the chips of the machine whose file system is below the folder root, normally "/".
func NewChips(root string) Chips { return Chips{root} }

// processorChips returns the names of sensors of processors, and processorZones those of thermal zones.
func processorChips() []string {
	return []string{"coretemp", "k10temp", "zenpower", "k8temp", "via_cputemp", "cpu_thermal", "soc_thermal"}
}

func processorZones() []string {
	return []string{"x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal"}
}

// cardChips returns the names of sensors of graphics cards.
func cardChips() []string { return []string{"amdgpu", "radeon", "nouveau", "i915", "xe"} }

// Processor returns the temperature of the hottest sensor of the processor in °C. Thermal zones count
// if the processor is not a chip of hwmon.
func (c Chips) Processor() (float64, error) {
	value, err := largest("no chip of a processor below /sys/class/hwmon shows the temperature", c.of(processorChips()),
		func(chip chip) []Reading { return chip.temperatures("temp*_input") })
	if err != nil {
		var failed error
		value, failed = largest("no thermal zone of a processor below /sys/class/thermal shows it", c.zones(),
			func(zone chip) []Reading { return zone.temperatures("temp") })
		if failed != nil {
			return 0, fmt.Errorf("%w; %w", err, failed)
		}
	}
	return value / 1000, nil
}

// Card returns the temperature of the hottest graphics card in °C. Of each card the first sensor
// counts, which is the one that programs show: further ones are of hot spots and of memory.
func (c Chips) Card() (float64, error) {
	value, err := largest("no chip of a graphics card below /sys/class/hwmon shows the temperature", c.of(cardChips()),
		func(chip chip) []Reading { return chip.temperatures("temp1_input") })
	return value / 1000, err
}

// CardFan returns the speed of the fastest fan of a graphics card in percent.
func (c Chips) CardFan() (float64, error) {
	return largest("no chip of a graphics card below /sys/class/hwmon shows the speed of a fan", c.of(cardChips()), chip.fans)
}

// Fan returns the speed of the fastest fan of all chips in percent.
func (c Chips) Fan() (float64, error) {
	return largest("no chip below /sys/class/hwmon shows the speed of a fan", c.of(nil), chip.fans)
}

// of returns the chips that have one of the names; without names, it returns all.
func (c Chips) of(names []string) []chip {
	return c.named("sys/class/hwmon/hwmon*", "name", names)
}

func (c Chips) zones() []chip {
	return c.named("sys/class/thermal/thermal_zone*", "type", processorZones())
}

// named returns folders whose file contains one of the names. A card that sleeps is left out,
// because a reading would wake it up.
func (c Chips) named(folders, file string, names []string) []chip {
	var list []chip
	for _, folder := range matching(c.root, folders) {
		name, err := readSmall(filepath.Join(folder, file))
		if err != nil || names != nil && !slices.Contains(names, name) {
			continue
		}
		if slices.Contains(cardChips(), name) && sleeps(filepath.Join(folder, "device")) {
			continue
		}
		list = append(list, chip(folder))
	}
	return list
}

// sleeps reports whether the kernel has switched a device off.
func sleeps(device string) bool {
	text, err := readSmall(filepath.Join(device, "power/runtime_status"))
	return err == nil && (text == "suspended" || text == "suspending")
}

// chip is the folder of a chip or of a thermal zone.
type chip string

// temperatures returns what the files that match a pattern show, in millidegrees Celsius.
func (c chip) temperatures(pattern string) (list []Reading) {
	for _, path := range matching(string(c), pattern) {
		list = append(list, readingOf(readNumber(path)).within(coldestChip, hottestChip))
	}
	return list
}

// coldestChip and hottestChip bound what is believed of a chip, in millidegrees Celsius.
const coldestChip, hottestChip = -60_000, 150_000

// fans returns the speeds of the fans of a chip in percent.
func (c chip) fans() (list []Reading) {
	for _, path := range matching(string(c), "fan*_input") {
		number := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "fan"), "_input")
		list = append(list, c.fan(number))
	}
	return list
}

// fan returns the speed of a fan in percent. Chips say it as revolutions of a largest number of
// revolutions, or as the part of the voltage that the fan gets.
func (c chip) fan(number string) Reading {
	now, turns := fileReading(string(c), "fan"+number+"_input").within(0, mostRPM).Value()
	if most, ok := fileReading(string(c), "fan"+number+"_max").Value(); ok && turns && most > 0 {
		return Measured(100 * min(now, most) / most)
	}
	return fileReading(string(c), "pwm"+number).within(0, 255).scaled(100, 255)
}

// largest returns the largest reading of chips. If there is none, the error is the sentence none, with
// the reason why the last reading was not measured.
func largest(none string, chips []chip, read func(chip) []Reading) (float64, error) {
	var most int64
	found, failed := false, errors.New(none)
	for _, chip := range chips {
		for _, r := range read(chip) {
			value, ok := r.Value()
			switch {
			case !ok:
				failed = fmt.Errorf("%s: %s", none, r.Reason())
			case !found || value > most:
				most, found = value, true
			}
		}
	}
	if !found {
		return 0, failed
	}
	return float64(most), nil
}

// matching returns the paths below a folder that match a pattern. The pattern is constant and valid,
// and a folder that is missing has no match.
func matching(folder, pattern string) []string {
	found, err := filepath.Glob(filepath.Join(folder, filepath.FromSlash(pattern)))
	if err != nil {
		return nil
	}
	return found
}
