package api

import (
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/device"
)

// Devices is what the daemon knows about the devices of its machine.
type Devices interface {
	// Cards returns the graphics cards, those that are gone too.
	Cards() []device.CardHealth
	// Counters returns the energy counters.
	Counters() []device.CounterState
}

// ShowDevices makes the service show the devices of the machine. It must be called before the
// service answers requests.
func (s *Service) ShowDevices(d Devices) { s.devices = d }

// showDevices adds the devices of the machine to a status.
func (s *Service) showDevices(out *sidecarv1.StatusResponse) {
	if s.devices == nil {
		return
	}
	for _, c := range s.devices.Cards() {
		card := &sidecarv1.CardStatus{
			Id: c.UUID, Model: c.Model, Source: c.Source, Healthy: c.Ailment == nil,
			TemperatureMillicelsius: shownReading(c.State.Temperature), PowerMilliwatts: shownReading(c.State.Power),
			BusyPercent: shownReading(c.State.Busy), MemoryUsedBytes: shownReading(c.State.MemoryUsed), MemoryTotalBytes: shownReading(c.State.MemoryTotal),
		}
		if c.Ailment != nil {
			card.Ailment, card.Cure = c.Ailment.Why, c.Ailment.Cure
		}
		if advice, given := c.PowerAdvice(); given {
			card.PowerAdvice = advice.String()
		}
		out.Cards = append(out.Cards, card)
	}
	for _, c := range s.devices.Counters() {
		out.EnergyCounters = append(out.EnergyCounters, &sidecarv1.EnergyCounter{
			Code: c.Code, Name: c.Name, IdleMilliwatts: shownReading(c.Idle), Runs: uint32(max(c.Runs, 0)), Missing: c.Missing, //nolint:gosec // a small count
		})
	}
}

// shownReading returns the number of a reading, or nil if it was not measured.
func shownReading(r device.Reading) *int64 {
	if value, measured := r.Value(); measured {
		return &value
	}
	return nil
}
