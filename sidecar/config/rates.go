package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/executor/container"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
)

// Rates are amounts of fuel that one program surely burns between two blocks.
type Rates struct {
	// Every is the rate of all profiles, if the owner gave one number. Of is nil in that case.
	Every uint64
	// Of contains the rate of each profile that this version can run.
	Of map[string]uint64
}

// Rate returns the rate of a profile, 0 if the owner takes every task.
func (r Rates) Rate(profile string) uint64 {
	if r.Of == nil {
		return r.Every
	}
	return r.Of[profile]
}

// defaultRates are those of a core that burns 10^9 fuel of wasm/1 per second, a third of what slow
// cores burn, and a quarter of what a core with AVX2 burns of tensor/1 in its slowest operation.
func defaultRates() []string {
	return RateList(map[string]uint64{wasm.Profile: 1_500_000_000, tensors.Profile: 250_000_000})
}

// RateList returns rates as the setting policy.fuel-per-block contains them.
func RateList(rates map[string]uint64) []string {
	var list []string
	for _, profile := range profiles.Names() {
		if rate, has := rates[profile]; has {
			list = append(list, fmt.Sprintf("%s=%d", profile, rate))
		}
	}
	return list
}

// Rates reads policy.fuel-per-block. A profile that the list leaves out has its default.
func (p Policy) Rates() (Rates, error) {
	const key = "policy.fuel-per-block"
	if len(p.FuelPerBlock) == 1 && !strings.Contains(p.FuelPerBlock[0], "=") {
		every, err := parseRate(p.FuelPerBlock[0])
		if err != nil {
			return Rates{}, fmt.Errorf("%s: %w", key, err)
		}
		return Rates{Every: every}, nil
	}
	if len(p.FuelPerBlock) == 0 {
		return Rates{}, fmt.Errorf("%s: expected a rate for each profile such as %q, or 0, found none", key, strings.Join(defaultRates(), ","))
	}
	given, err := parseRates(p.FuelPerBlock)
	if err != nil {
		return Rates{}, fmt.Errorf("%s: %w", key, err)
	}
	usual, err := parseRates(defaultRates())
	if err != nil {
		return Rates{}, err
	}
	for profile, rate := range given {
		usual[profile] = rate
	}
	return Rates{Of: usual}, nil
}

func parseRates(list []string) (map[string]uint64, error) {
	rates := make(map[string]uint64, len(list))
	for _, text := range list {
		profile, number, found := strings.Cut(text, "=")
		if !found {
			return nil, fmt.Errorf("expected PROFILE=FUEL for each profile or one number for all, found %q", text)
		}
		if profile = strings.TrimSpace(profile); !profiles.Known(profile) && profile != container.Profile {
			return nil, fmt.Errorf("expected one of the profiles %s, found %q", strings.Join(profiles.Names(), ", "), profile)
		}
		if _, twice := rates[profile]; twice {
			return nil, fmt.Errorf("expected each profile once, found %s twice", profile)
		}
		rate, err := parseRate(strings.TrimSpace(number))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", profile, err)
		}
		rates[profile] = rate
	}
	return rates, nil
}

func parseRate(text string) (uint64, error) {
	rate, err := strconv.ParseUint(text, 10, 64)
	if err != nil || !wholeNumber.MatchString(text) {
		return 0, fmt.Errorf("expected an amount of fuel in decimal digits without leading zeros, found %q", text)
	}
	return rate, nil
}

// Least returns the smallest rate of all profiles.
func (r Rates) Least() uint64 {
	if r.Of == nil {
		return r.Every
	}
	rates := make([]uint64, 0, len(r.Of))
	for _, rate := range r.Of {
		rates = append(rates, rate)
	}
	return slices.Min(rates)
}
