package config

import "github.com/thetaedge/theta/sidecar/owner"

// Owner contains the rules of the machine's owner. owner.Settings explains them. An empty text or
// list, false and 0 switch a rule off.
type Owner struct {
	Hours          []string `mapstructure:"hours"`
	WindDown       string   `mapstructure:"wind-down"`
	Idle           string   `mapstructure:"idle"`
	FullScreen     bool     `mapstructure:"full-screen"`
	Processes      []string `mapstructure:"processes"`
	CPU            string   `mapstructure:"cpu"`
	GPU            string   `mapstructure:"gpu"`
	CPUTemperature string   `mapstructure:"cpu-temperature"`
	GPUTemperature string   `mapstructure:"gpu-temperature"`
	Watts          string   `mapstructure:"watts"`
	Fan            string   `mapstructure:"fan"`
	Battery        bool     `mapstructure:"battery"`
	Charge         string   `mapstructure:"charge"`
	Metered        bool     `mapstructure:"metered"`
	FreeDisk       Bytes    `mapstructure:"free-disk"`
	Suspend        []string `mapstructure:"suspend"`
	Strict         bool     `mapstructure:"strict"`
}

// DesktopRules returns the rules that are recommended for a computer that a person uses, as texts by key: it works ten
// minutes after the last use of keyboard and mouse, not while a program fills the screen, and not on its battery.
func DesktopRules() map[string]string {
	return map[string]string{"owner.idle": "10m", "owner.full-screen": "true", "owner.battery": "true"}
}

// WithDesktopRules returns the rules with those of DesktopRules. The other ones stay.
func (o Owner) WithDesktopRules() Owner {
	o.Idle, o.FullScreen, o.Battery = "10m", true, true
	return o
}

// Rules returns the rules as a policy. The error names every setting that cannot work.
func (o Owner) Rules() (*owner.Policy, error) {
	return owner.Parse(owner.Settings{
		Hours: o.Hours, WindDown: o.WindDown, Idle: o.Idle, FullScreen: o.FullScreen, Processes: o.Processes,
		CPU: o.CPU, GPU: o.GPU, CPUTemperature: o.CPUTemperature, GPUTemperature: o.GPUTemperature,
		Watts: o.Watts, Fan: o.Fan, Battery: o.Battery, Charge: o.Charge, Metered: o.Metered,
		FreeDisk: uint64(o.FreeDisk), Suspend: o.Suspend, Strict: o.Strict,
	})
}
