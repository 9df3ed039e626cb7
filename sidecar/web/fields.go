package web

import (
	"strings"

	"github.com/thetaedge/theta/sidecar/config"
)

// shape says how a setting is edited.
type shape string

// These are the shapes of settings.
const (
	line1  shape = "text"
	number shape = "number"
	list   shape = "list"
	choice shape = "choice"
	onOff  shape = "bool"
)

// field is a setting that the page can change.
type field struct {
	Key     string
	Shape   shape
	Choices []string
	// Value is what the form shows, and Fault what is wrong with it, "" if nothing is.
	Value, Fault string
}

// ID returns a name for the field that HTML accepts.
func (f field) ID() string { return "s-" + strings.ReplaceAll(f.Key, ".", "-") }

// Rows returns the height of the field of a list in lines, so that a list of some items is seen whole.
func (f field) Rows() int { return min(12, max(2, 1+strings.Count(f.Value, "\n"))) }

// group is a part of the form.
type group struct {
	Key    string
	Fields []field
}

// groups returns the settings that the page can change, without values. Settings of the connection to the
// chain, of keys and of addresses are not among them: a wrong one could cost the bond, or lock the
// owner out of this page.
func groups() []group {
	languages := append([]string{config.AutoLanguage}, config.Languages()...)
	return []group{
		{"owner", []field{
			{Key: "owner.hours", Shape: list},
			{Key: "owner.wind-down", Shape: line1},
			{Key: "owner.idle", Shape: line1},
			{Key: "owner.full-screen", Shape: onOff},
			{Key: "owner.processes", Shape: list},
			{Key: "owner.cpu", Shape: line1},
			{Key: "owner.gpu", Shape: line1},
			{Key: "owner.cpu-temperature", Shape: line1},
			{Key: "owner.gpu-temperature", Shape: line1},
			{Key: "owner.watts", Shape: line1},
			{Key: "owner.fan", Shape: line1},
			{Key: "owner.battery", Shape: onOff},
			{Key: "owner.charge", Shape: line1},
			{Key: "owner.metered", Shape: onOff},
			{Key: "owner.free-disk", Shape: line1},
			{Key: "owner.suspend", Shape: list},
			{Key: "owner.strict", Shape: onOff},
		}},
		{"work", []field{
			{Key: "policy.max-jobs", Shape: number},
			{Key: "policy.min-rewards", Shape: list},
			{Key: "policy.min-prices", Shape: list},
			{Key: "policy.trust", Shape: choice, Choices: []string{"off", "named", "any"}},
			{Key: "policy.grants", Shape: choice, Choices: []string{"all", "none"}},
			{Key: "policy.deny-requesters", Shape: list},
			{Key: "policy.own-risk-programs", Shape: list},
			{Key: "policy.max-challenge-blocks", Shape: number},
		}},
		{"limits", []field{
			{Key: "policy.max-memory", Shape: line1},
			{Key: "policy.max-device", Shape: line1},
			{Key: "policy.max-input", Shape: line1},
			{Key: "policy.max-output", Shape: line1},
			{Key: "policy.max-fuel", Shape: number},
			{Key: "policy.fuel-per-block", Shape: list},
		}},
		{"machine", []field{
			{Key: "tensors.device", Shape: line1},
			{Key: "container.enabled", Shape: onOff},
			{Key: "work.keep-weights", Shape: line1},
			{Key: "work.swap", Shape: line1},
			{Key: "work.priority", Shape: choice, Choices: []string{"lowest", "normal"}},
			{Key: "work.processors", Shape: number},
			{Key: "work.cache", Shape: line1},
			{Key: "work.retention", Shape: line1},
		}},
		{"network", []field{
			{Key: "egress.hosts", Shape: list},
			{Key: "egress.max-day", Shape: line1},
			{Key: "work.refuse-private", Shape: onOff},
			{Key: "work.own-addresses", Shape: list},
		}},
		{"costs", []field{
			{Key: "fees.max-gas-price", Shape: line1},
			{Key: "fees.max-tx", Shape: line1},
			{Key: "fees.max-day", Shape: line1},
			{Key: "payout.collect", Shape: line1},
			{Key: "payout.most-fee-percent", Shape: line1},
			{Key: "dashboard.electricity", Shape: line1},
			{Key: "dashboard.coin-value", Shape: line1},
			{Key: "dashboard.carbon", Shape: line1},
		}},
		{"alerts", []field{
			{Key: "alerts.kinds", Shape: list},
			{Key: "alerts.name", Shape: line1},
			{Key: "alerts.paid-every", Shape: choice, Choices: []string{"day", "hour"}},
			{Key: "alerts.lease-low", Shape: line1},
			{Key: "alerts.grant-low", Shape: line1},
			{Key: "alerts.per-hour", Shape: number},
		}},
		{"view", []field{
			{Key: "dashboard.language", Shape: choice, Choices: languages},
			{Key: "log.level", Shape: choice, Choices: []string{"debug", "info", "warn", "error"}},
		}},
	}
}

// formOf returns the form with values, which are texts by key. It leaves out settings that have no value.
func formOf(values map[string]string) []group {
	var form []group
	for _, g := range groups() {
		var fields []field
		for _, f := range g.Fields {
			if value, has := values[f.Key]; has {
				f.Value = value
				fields = append(fields, f)
			}
		}
		form = append(form, group{g.Key, fields})
	}
	return form
}
