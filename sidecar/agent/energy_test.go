package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/store"
)

// fixedMeter measures the same energy each time.
type fixedMeter device.Energy

func (m fixedMeter) Start(context.Context) device.Span { return m }

func (m fixedMeter) Stop() device.Energy { return device.Energy(m) }

func TestEnergyIsMeasuredByTheMeterOfTheProfileAndItsReasonIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		own  bool
		want uint64
	}{"the meter of the profile": {true, 7}, "the meter of all others": {false, 5}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.config.Meter = fixedMeter{Millijoules: 5, Source: "rapl", Reason: "nvml: lost"}
			task := w.chain.post(w.web, 1)
			profile := task.spec.Executor
			if !c.own {
				profile = "another/1"
			}
			w.config.Meters = map[string]device.Meter{profile: fixedMeter{Millijoules: 7, Source: "rapl", Reason: "nvml: lost"}}
			defer w.chain.blocks(time.Millisecond)()
			_, stop := w.run()
			defer stop()
			m := w.untilPhase(task, store.PhaseSettled).Metrics
			require.Equal(t, c.want, *m.EnergyMillijoules)
			require.Equal(t, "rapl", m.EnergySource)
			require.Equal(t, "nvml: lost", m.EnergyMissing)
		})
	}
}

func TestReasonsWithoutEnergyAreBounded(t *testing.T) {
	var m store.Metrics
	noteEnergy(&m, device.Energy{Reason: strings.Repeat("é", 1000) + "\x1b"})
	require.Nil(t, m.EnergyMillijoules)
	require.LessOrEqual(t, len(m.EnergyMissing), maxEnergyMissing+3)
	require.True(t, strings.HasSuffix(m.EnergyMissing, "..."))
}
