package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/p2p"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/overview"
)

// folder is the folder with the files.
var folder = filepath.Join("..", "..", "deploy")

// exported returns the names of the metrics that thetaedge and thetad export.
func exported(t *testing.T) []string {
	t.Helper()
	descriptions := make(chan *prometheus.Desc, 1024)
	overview.NewMetrics(func() *overview.Snapshot { return nil }).Describe(descriptions)
	require.NoError(t, agent.DescribeMetrics(descriptions))
	// CometBFT registers its metrics with the default registry; cometbft is its default namespace.
	consensus.PrometheusMetrics("cometbft")
	p2p.PrometheusMetrics("cometbft")
	mempool.PrometheusMetrics("cometbft")
	registry, is := prometheus.DefaultRegisterer.(*prometheus.Registry)
	require.True(t, is)
	registry.Describe(descriptions)
	close(descriptions)
	names := []string{"up"} // by Prometheus itself
	for d := range descriptions {
		found := regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())
		require.NotNil(t, found, d.String())
		names = append(names, found[1])
	}
	return names
}

// named matches what could be a metric of ours in an expression.
var named = regexp.MustCompile(`\b(?:thetaedge|thetad|cometbft)_[a-z0-9_]+|\bup\b`)

// rules is the part of a file with rules that is checked.
type rules struct {
	Groups []struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// board is the part of a board that is checked.
type board struct {
	Panels []struct {
		ID      int    `json:"id"`
		Title   string `json:"title"`
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
	Templating struct {
		List []struct {
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
}

// expressions returns the expressions of all rules and of the board, by where they are.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	files, err := filepath.Glob(filepath.Join(folder, "prometheus", "*.rules.yml"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var r rules
		require.NoError(t, yaml.Unmarshal(raw, &r))
		for _, group := range r.Groups {
			for _, rule := range group.Rules {
				require.NotEmpty(t, rule.Alert)
				require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
				require.NotContains(t, all, rule.Alert)
				all[rule.Alert] = rule.Expr
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(folder, "grafana", "thetaedge.json"))
	require.NoError(t, err)
	var b board
	require.NoError(t, json.Unmarshal(raw, &b))
	require.Greater(t, len(b.Panels), 15)
	ids := map[int]bool{}
	for _, panel := range b.Panels {
		require.False(t, ids[panel.ID], "the number of a panel is there twice")
		ids[panel.ID] = true
		for _, target := range panel.Targets {
			all["panel "+panel.Title] = target.Expr
		}
	}
	for _, variable := range b.Templating.List {
		if variable.Definition != "" {
			all["variable "+variable.Definition] = variable.Definition
		}
	}
	return all
}

func TestEveryMetricInRulesAndBoardIsExported(t *testing.T) {
	names := exported(t)
	for where, expression := range expressions(t) {
		found := named.FindAllString(expression, -1)
		require.NotEmpty(t, found, "%s: %s", where, expression)
		for _, name := range found {
			require.True(t, slices.Contains(names, name), "%s: no program exports %s", where, name)
		}
	}
}

func TestEveryMetricOfANodeIsShown(t *testing.T) {
	descriptions := make(chan *prometheus.Desc, 64)
	overview.NewMetrics(func() *overview.Snapshot { return nil }).Describe(descriptions)
	close(descriptions)
	var used strings.Builder
	for _, expression := range expressions(t) {
		used.WriteString(expression + "\n")
	}
	// These say the same as others that are shown.
	spare := []string{"thetaedge_node_status", "thetaedge_node_bond_locked_tfuel", "thetaedge_node_paid_jobs"}
	for d := range descriptions {
		name := regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1]
		require.True(t, slices.Contains(spare, name) || regexp.MustCompile(`\b`+name+`\b`).MatchString(used.String()), "neither a rule nor a panel shows %s", name)
	}
}

// TestPromtoolAcceptsConfigurationAndRules where promtool is installed, or where PROMTOOL names it.
func TestPromtoolAcceptsConfigurationAndRules(t *testing.T) {
	promtool := os.Getenv("PROMTOOL")
	if promtool == "" {
		found, err := exec.LookPath("promtool")
		if err != nil {
			t.Skip("expected promtool, found none; install the package prometheus, or set PROMTOOL")
		}
		promtool = found
	}
	for _, args := range [][]string{
		{"check", "rules", filepath.Join(folder, "prometheus", "thetaedge.rules.yml"), filepath.Join(folder, "prometheus", "thetad.rules.yml")},
		{"check", "config", "--syntax-only", filepath.Join(folder, "prometheus", "prometheus.yml")},
	} {
		out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}
