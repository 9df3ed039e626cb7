package owner

import (
	"context"
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
