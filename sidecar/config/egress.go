package config

import (
	"fmt"

	"github.com/thetaedge/theta/blob/hosts"
)

// Egress says what may pass the owner's line because of jobs.
type Egress struct {
	// Hosts are the servers that a job may name, see hosts.Parse.
	Hosts []string `mapstructure:"hosts"`
	// MaxDay is the content in both directions per day, in UTC, above which nothing new is claimed. 0 is
	// no limit.
	MaxDay Bytes `mapstructure:"max-day"`
}

// defaultHosts returns the servers that ship with the program: large publishers of models, data and
// programs, and the servers from which they send files. Each of them answers for what it publishes.
func defaultHosts() []string {
	return []string{
		"huggingface.co", "*.huggingface.co", "*.hf.co",
		"github.com", "*.githubusercontent.com",
		"zenodo.org",
	}
}

// List returns the servers that a job may name.
func (e Egress) List() (hosts.List, error) {
	list, err := hosts.Parse(e.Hosts)
	if err != nil {
		return hosts.List{}, fmt.Errorf("egress.hosts: %w", err)
	}
	return list, nil
}
