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
	table := &processTable{root: root, self: os.Getpid(), now: cfg.Now}
	system, session, screen := systemBus(cfg.Getenv), sessionBus(cfg.Getenv), openDisplay(cfg.Getenv)
	chips := device.NewChips(root)
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
		GPU: useByOthers(cfg.Cards.Use, func() (map[int]bool, error) {
			_, own, err := table.read()
			return own, err
		}),
		CPUTemperature: sensorOf(chips.Processor),
		GPUTemperature: sensorOf(cfg.Cards.Temperature),
		Fan:            sensorOf(func() (float64, error) { return device.Highest(chips.Fan, cfg.Cards.Fan) }),
		Power:          supply{root},
		Metered:        SensorFunc[bool](system.metered),
		FreeDisk: SensorFunc[uint64](func(context.Context) (uint64, error) {
			return device.FreeBytes(cfg.Home)
		}),
		close: []func() error{system.close, session.close, screen.close},
	}
}
