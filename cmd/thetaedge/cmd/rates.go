package cmd

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/sidecar/config"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// oneRate says what is wrong with one rate for all profiles, or "".
func oneRate(n *node) string {
	rates, err := n.settings().Policy.Rates()
	if err != nil || rates.Of != nil || rates.Every == 0 {
		return ""
	}
	return fmt.Sprintf("policy.fuel-per-block is %d for every profile, but a unit of fuel takes longer in some profiles than in others; measure a rate for each of them with: thetaedge bench --write --home %s",
		rates.Every, client.ShellQuote(n.home))
}

// warnOneRate logs that a node has one rate for all profiles.
func warnOneRate(n *node, logger *slog.Logger) {
	if text := oneRate(n); text != "" {
		logger.Warn(text)
	}
}

// unmeasured says that the rates of the settings may not be those of this machine, or "".
func unmeasured(n *node) string {
	if text := oneRate(n); text != "" {
		return text
	}
	if slices.Equal(n.settings().Policy.FuelPerBlock, config.Default().Policy.FuelPerBlock) {
		return "policy.fuel-per-block has the defaults, which suit slow machines; measure this one with: thetaedge bench --write --home " + client.ShellQuote(n.home)
	}
	return ""
}

// checkRates checks whether the rates of the settings are those of this machine.
func checkRates(r *report, n *node) {
	if text := unmeasured(n); text != "" {
		r.line(unsure, "rate", "%s", text)
		return
	}
	r.line(good, "rate", "policy.fuel-per-block is %s", ratesText(n.settings().Policy))
}

func ratesText(p config.Policy) string {
	rates, err := p.Rates()
	if err != nil {
		return err.Error()
	}
	text := ""
	for i, profile := range profiles.Names() {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d for %s", rates.Rate(profile), profile)
	}
	return text
}

// undeclaredRates lists the profiles whose rate in the settings is not the declared one.
func undeclaredRates(settings, declared edgenodetypes.TaskLimits) []string {
	var changes []string
	for _, profile := range profiles.Names() {
		if found, said := settings.RateOf(profile), declared.RateOf(profile); found != said {
			changes = append(changes, fmt.Sprintf("policy.fuel-per-block of %s is %s, declared is %s", profile, limitText(found, plain), limitText(said, plain)))
		}
	}
	return changes
}
