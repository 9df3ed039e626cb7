package owner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// supply reads how the machine is supplied from the kernel's class power_supply.
type supply struct {
	// root is the folder that contains sys.
	root string
}

// Read implements Sensor. Batteries of devices such as mice do not count. A machine without any
// supply that the kernel knows, such as a desktop, is plugged in.
func (s supply) Read(context.Context) (Power, error) {
	class := filepath.Join(s.root, "sys/class/power_supply")
	if _, err := os.ReadDir(class); err != nil {
		return Power{}, fmt.Errorf("cannot read the power supplies: %w", err)
	}
	var p Power
	var mains, discharging bool
	var batteries float64
	for _, dir := range folders(class, "*") {
		if scope, err := readText(filepath.Join(dir, "scope")); err == nil && scope == "Device" {
			continue
		}
		kind, err := readText(filepath.Join(dir, "type"))
		if err != nil {
			return Power{}, err
		}
		switch kind {
		case "Battery", "UPS":
			if present, err := readNumber(filepath.Join(dir, "present")); err == nil && present == 0 {
				continue
			}
			charge, err := readNumber(filepath.Join(dir, "capacity"))
			if err != nil {
				return Power{}, err
			}
			status, err := readText(filepath.Join(dir, "status"))
			if err != nil {
				return Power{}, err
			}
			batteries++
			p.Has, p.Charge = true, p.Charge+charge
			discharging = discharging || status == "Discharging"
		default: // Mains, USB, Wireless and what later kernels know
			online, err := readNumber(filepath.Join(dir, "online"))
			mains = mains || err == nil && online > 0
		}
	}
	if p.Has {
		p.Charge /= batteries
	}
	p.Battery = p.Has && discharging && !mains
	return p, nil
}

// hwmon reads the sensors of chips.
type hwmon struct {
	root string
	// chips are the names of the chips that count.
	chips map[string]bool
}

// processorChips are the names of sensors of processors, and graphicsChips those of graphics cards.
func processorChips() map[string]bool {
	return map[string]bool{"coretemp": true, "k10temp": true, "zenpower": true, "k8temp": true, "via_cputemp": true, "cpu_thermal": true, "soc_thermal": true}
}

func graphicsChips() map[string]bool {
	return map[string]bool{"amdgpu": true, "radeon": true, "nouveau": true, "i915": true, "xe": true}
}

// hottest returns the temperature of the hottest sensor in °C. Of a graphics card only the first one
// counts, which is the one that programs show: further ones are of hot spots and of memory.
func (h hwmon) hottest(onlyFirst bool) (float64, error) {
	pattern := "temp*_input"
	if onlyFirst {
		pattern = "temp1_input"
	}
	return h.most(func(dir string) (values []float64) {
		for _, path := range folders(dir, pattern) {
			if milli, err := readNumber(path); err == nil {
				values = append(values, milli/1000)
			}
		}
		return values
	}, "temperature")
}

// fastest returns the speed of the fastest fan in percent. Chips say it as revolutions of a largest
// number of revolutions, or as the part of the voltage that the fan gets.
func (h hwmon) fastest() (float64, error) {
	return h.most(func(dir string) (values []float64) {
		for _, path := range folders(dir, "fan*_input") {
			now, err := readNumber(path)
			if err != nil {
				continue
			}
			fan := path[:len(path)-len("_input")]
			if most, err := readNumber(fan + "_max"); err == nil && most > 0 {
				values = append(values, 100*min(now/most, 1))
				continue
			}
			number := filepath.Base(fan)[len("fan"):]
			if part, err := readNumber(filepath.Join(dir, "pwm"+number)); err == nil {
				values = append(values, 100*part/255)
			}
		}
		return values
	}, "speed of a fan")
}

// most returns the largest value of all chips that count.
func (h hwmon) most(read func(dir string) []float64, what string) (float64, error) {
	largest, found := 0.0, false
	for _, dir := range folders(filepath.Join(h.root, "sys/class/hwmon"), "hwmon*") {
		name, err := readText(filepath.Join(dir, "name"))
		if err != nil || h.chips != nil && !h.chips[name] {
			continue
		}
		for _, value := range read(dir) {
			if !found || value > largest {
				largest, found = value, true
			}
		}
	}
	if !found {
		return 0, errors.New("no chip below /sys/class/hwmon shows the " + what)
	}
	return largest, nil
}

// zones returns the temperature of the hottest thermal zone of the processor in °C, for machines
// whose processor is not a chip of hwmon.
func zones(root string) (float64, error) {
	largest, found := 0.0, false
	for _, dir := range folders(filepath.Join(root, "sys/class/thermal"), "thermal_zone*") {
		switch kind, _ := readText(filepath.Join(dir, "type")); kind {
		case "x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal":
		default:
			continue
		}
		if milli, err := readNumber(filepath.Join(dir, "temp")); err == nil && (!found || milli/1000 > largest) {
			largest, found = milli/1000, true
		}
	}
	if !found {
		return 0, errors.New("no thermal zone of a processor below /sys/class/thermal")
	}
	return largest, nil
}
