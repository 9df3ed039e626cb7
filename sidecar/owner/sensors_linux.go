package owner

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/thetaedge/theta/sidecar/device"
)

func openSensors(cfg OpenConfig) Sensors {
	const root = "/"
	table := &processTable{root: root, self: os.Getpid()}
	system, session, screen := systemBus(cfg.Getenv), sessionBus(cfg.Getenv), openDisplay(cfg.Getenv)
	graphics := &cards{nvidia: openNVIDIA(), drm: &drmUse{table: table, now: time.Now}, hwmon: hwmon{root, graphicsChips()}}
	return Sensors{
		Idle: firstOf(
			source[Activity]{"X11", func(ctx context.Context) (Activity, error) {
				if cfg.Getenv("WAYLAND_DISPLAY") != "" {
					return Activity{}, errors.New("the session uses Wayland")
				}
				return screen.idle(ctx)
			}},
			source[Activity]{"GNOME", session.gnomeIdle},
			source[Activity]{"logind", func(ctx context.Context) (Activity, error) { return system.logindIdle(ctx, time.Now()) }},
		),
		FullScreen: SensorFunc[string](screen.fullScreen),
		Programs:   programs{table},
		CPU:        &load{sample: table.sample},
		GPU:        SensorFunc[float64](graphics.use),
		CPUTemperature: firstOf(
			source[float64]{"hwmon", func(context.Context) (float64, error) { return hwmon{root, processorChips()}.hottest(false) }},
			source[float64]{"thermal", func(context.Context) (float64, error) { return zones(root) }},
		),
		GPUTemperature: SensorFunc[float64](graphics.temperature),
		Fan: SensorFunc[float64](func(context.Context) (float64, error) {
			return highest(hwmon{root: root}.fastest, graphics.nvidia.fan)
		}),
		Power:   supply{root},
		Metered: SensorFunc[bool](system.metered),
		FreeDisk: SensorFunc[uint64](func(context.Context) (uint64, error) {
			return device.FreeBytes(cfg.Home)
		}),
	}
}
