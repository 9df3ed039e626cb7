package config

import (
	"reflect"
	"slices"
	"strings"
)

// Reloadable reports whether a running daemon takes over a new value of a setting. For the others it has to be started
// again: connections, keys, addresses, and what worker processes are made with.
func Reloadable(key string) bool {
	switch section, name, _ := strings.Cut(key, "."); section {
	case "owner", "egress", "alerts":
		return true
	case "policy":
		return !slices.Contains(fixedPolicy(), name)
	}
	return false
}

// fixedPolicy returns the limits of work that worker processes are made with.
func fixedPolicy() []string { return []string{"max-jobs", "max-memory", "max-device", "max-output"} }

// Reloaded returns the settings of a running daemon after it has taken over those of next that are Reloadable.
func (c Config) Reloaded(next Config) Config {
	policy := next.Policy
	policy.MaxJobs, policy.MaxMemory, policy.MaxDevice, policy.MaxOutput = c.Policy.MaxJobs, c.Policy.MaxMemory, c.Policy.MaxDevice, c.Policy.MaxOutput
	c.Owner, c.Egress, c.Alerts, c.Policy = next.Owner, next.Egress, next.Alerts, policy
	return c
}

// Differences returns the keys of the settings whose values differ, in order.
func (c Config) Differences(other Config) []string {
	var keys []string
	one, two := reflect.ValueOf(c), reflect.ValueOf(other)
	for i := range one.NumField() {
		section := one.Type().Field(i)
		for j := range section.Type.NumField() {
			if !reflect.DeepEqual(one.Field(i).Field(j).Interface(), two.Field(i).Field(j).Interface()) {
				keys = append(keys, section.Tag.Get("mapstructure")+"."+section.Type.Field(j).Tag.Get("mapstructure"))
			}
		}
	}
	slices.Sort(keys)
	return keys
}
