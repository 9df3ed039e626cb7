package device

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Driver reports the graphics cards of one kind of driver. Its methods are not called at the same
// time.
type Driver interface {
	// Cards returns the cards that answer, with their state. If one of them cannot be described, it
	// is left out and the error says so.
	Cards() ([]Card, error)
	// Energy returns the energy that a card has used since a time that the driver chooses, in
	// microjoules. The error wraps ErrNotMeasured if it is not counted.
	Energy(id string) (uint64, error)
	// Close releases the driver, so that it can be reloaded. Callers must not call any method after
	// it.
	Close() error
}

// Alarms is a driver that reports fatal errors of its cards when they happen.
type Alarms interface {
	// Listen calls tell with the card and the number of each error (XID), until ctx ends. When it
	// returns, it does not call the driver any more.
	Listen(ctx context.Context, tell func(id string, xid uint64)) error
}

// drivers are several drivers as one.
type drivers []Driver

// JoinDrivers returns the cards of several drivers as those of one.
func JoinDrivers(list ...Driver) Driver { return drivers(list) }

// Cards implements Driver.
func (d drivers) Cards() ([]Card, error) {
	var all []Card
	var failed error
	for _, driver := range d {
		cards, err := driver.Cards()
		all, failed = append(all, cards...), errors.Join(failed, err)
	}
	for i := range all {
		all[i].State = all[i].State.plausible()
	}
	return all, failed
}

// Energy implements Driver.
func (d drivers) Energy(id string) (uint64, error) {
	var failed error
	for _, driver := range d {
		value, err := driver.Energy(id)
		if err == nil {
			return value, nil
		}
		if !errors.Is(err, errNotMine) {
			failed = errors.Join(failed, err)
		}
	}
	if failed == nil {
		failed = fmt.Errorf("%w: there is not a graphics card %s here", ErrNotMeasured, id)
	}
	return 0, failed
}

// errNotMine means that a card belongs to another driver.
var errNotMine = fmt.Errorf("%w: the card belongs to another driver", ErrNotMeasured)

// Listen implements Alarms with the drivers that report alarms.
func (d drivers) Listen(ctx context.Context, tell func(id string, xid uint64)) error {
	for _, driver := range d {
		if alarms, ok := driver.(Alarms); ok {
			return alarms.Listen(ctx, tell)
		}
	}
	<-ctx.Done()
	return nil
}

// Close implements Driver.
func (d drivers) Close() error {
	var failed error
	for _, driver := range d {
		failed = errors.Join(failed, driver.Close())
	}
	return failed
}

// NoCards is the driver of a machine without cards.
type NoCards struct{}

// Cards returns an empty list.
func (NoCards) Cards() ([]Card, error) { return nil, nil }

// Energy always fails, because there is not a card.
func (NoCards) Energy(string) (uint64, error) { return 0, errNotMine }

// Close does nothing.
func (NoCards) Close() error { return nil }

// microjoules returns an energy of millijoules in microjoules.
func microjoules(millijoules uint64) (uint64, error) {
	if millijoules > math.MaxUint64/1000 {
		return 0, fmt.Errorf("%w: expected fewer than 2^54 millijoules, found %d", ErrNotMeasured, millijoules)
	}
	return millijoules * 1000, nil
}

// plainUUID returns the digits of a UUID: NVIDIA's library writes GPU-01234567-... and Vulkan the
// digits alone.
func plainUUID(uuid string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(uuid, "GPU-")), "-", "")
}
