package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/store"
)

// twoCards is a machine with a card in good health and an ill one.
type twoCards struct{}

func (twoCards) Cards() []device.CardHealth {
	well := device.Card{GPU: device.GPU{UUID: "GPU-1", Model: "Card"}, Source: "nvml", State: device.NoState("not here")}
	well.State.Power = device.Measured(142_000)
	ill := well
	ill.UUID = "GPU-2"
	return []device.CardHealth{{Card: well}, {Card: ill, Ailment: &device.Ailment{Why: "XID 79", Cure: "restart"}}}
}

func (twoCards) Counters() []device.CounterState {
	return []device.CounterState{{ID: "GPU-1", Code: "nvml", Name: "Card", Idle: device.Measured(20_000), Runs: 1}, {ID: "GPU-2", Code: "nvml", Name: "Card", Missing: "gone"}}
}

func TestStatusShowsCardsAndCountersAndNothingThatWasNotMeasured(t *testing.T) {
	journal, err := store.Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	s := NewService(Identity{}, func() agent.Status { return agent.Status{} }, journal, nil)
	res, err := s.Status(t.Context(), &sidecarv1.StatusRequest{})
	require.NoError(t, err)
	require.Empty(t, res.Cards)
	s.ShowDevices(twoCards{})
	res, err = s.Status(t.Context(), &sidecarv1.StatusRequest{})
	require.NoError(t, err)
	require.Len(t, res.Cards, 2)
	require.True(t, res.Cards[0].Healthy)
	require.EqualValues(t, 142_000, *res.Cards[0].PowerMilliwatts)
	require.Nil(t, res.Cards[0].TemperatureMillicelsius, "it is not zero degrees")
	require.False(t, res.Cards[1].Healthy)
	require.Equal(t, "restart", res.Cards[1].Cure)
	require.EqualValues(t, 20_000, *res.EnergyCounters[0].IdleMilliwatts)
	require.EqualValues(t, 1, res.EnergyCounters[0].Runs)
	require.Nil(t, res.EnergyCounters[1].IdleMilliwatts)
	require.Equal(t, "gone", res.EnergyCounters[1].Missing)
}
