package config

import (
	"errors"
	"fmt"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/alert"
)

// Alerts says what the owner is told, and where.
type Alerts struct {
	// Targets contains addresses with secrets, see alert.ParseTargets.
	Targets []string `mapstructure:"targets"`
	// Kinds contains the kinds of alerts that are on.
	Kinds []string `mapstructure:"kinds"`
	// Name is the name of the node in alerts; "" means that on the chain.
	Name string `mapstructure:"name"`
	// PaidEvery is "day" or "hour".
	PaidEvery string `mapstructure:"paid-every"`
	// LeaseLow is the time until the end of a lease, and GrantLow the rest of a fee grant, below which
	// they are low.
	LeaseLow time.Duration `mapstructure:"lease-low"`
	GrantLow string        `mapstructure:"grant-low"`
	// PerHour is the highest number of alerts an hour.
	PerHour int `mapstructure:"per-hour"`
	// InsecurePlaintext allows targets without TLS that are not on this machine.
	InsecurePlaintext bool `mapstructure:"insecure-plaintext"`
}

// maxAlertName is the length of a name in alerts, in bytes.
const maxAlertName = 60

func defaultAlerts() Alerts {
	kinds := []string{}
	for _, kind := range alert.Kinds() {
		kinds = append(kinds, string(kind))
	}
	return Alerts{Targets: []string{}, Kinds: kinds, PaidEvery: "day", LeaseLow: 4 * time.Hour, GrantLow: "1tfuel", PerHour: 12}
}

// validate reports settings that cannot work. It does not show addresses of targets.
func (a Alerts) validate() error {
	var errs []error
	if _, err := a.Parse(); err != nil {
		errs = append(errs, fmt.Errorf("alerts.targets: %w", err))
	}
	if _, err := alert.ParseKinds(a.Kinds); err != nil {
		errs = append(errs, fmt.Errorf("alerts.kinds: %w", err))
	}
	if len(a.Name) > maxAlertName {
		errs = append(errs, fmt.Errorf("alerts.name: expected at most %d bytes, found %d", maxAlertName, len(a.Name)))
	}
	if a.Digest() == 0 {
		errs = append(errs, fmt.Errorf("alerts.paid-every: expected \"day\" or \"hour\", found %q", a.PaidEvery))
	}
	if a.LeaseLow < time.Minute || a.LeaseLow > 30*24*time.Hour {
		errs = append(errs, fmt.Errorf("alerts.lease-low: expected 1m to 720h, found %s", a.LeaseLow))
	}
	if _, err := a.Limits(); err != nil {
		errs = append(errs, err)
	}
	if a.PerHour < 1 || a.PerHour > 1000 {
		errs = append(errs, fmt.Errorf("alerts.per-hour: expected 1 to 1000, found %d; to be told nothing, empty alerts.targets", a.PerHour))
	}
	return errors.Join(errs...)
}

// Parse returns the targets.
func (a Alerts) Parse() ([]*alert.Target, error) {
	return alert.ParseTargets(a.Targets, a.InsecurePlaintext)
}

// Digest returns the least time between two digests of payments, 0 if the setting is not valid.
func (a Alerts) Digest() time.Duration {
	switch a.PaidEvery {
	case "day":
		return 24 * time.Hour
	case "hour":
		return time.Hour
	}
	return 0
}

// Limits returns what counts as low.
func (a Alerts) Limits() (alert.Limits, error) {
	coin, err := money.ParseAmount(a.GrantLow)
	if err == nil && coin.Denom != params.BaseDenom {
		err = fmt.Errorf("expected an amount of tfuel, found %s", coin)
	}
	if err != nil {
		return alert.Limits{Grant: sdk.Coin{}}, fmt.Errorf("alerts.grant-low: %w", err)
	}
	return alert.Limits{Lease: a.LeaseLow, Grant: coin}, nil
}
