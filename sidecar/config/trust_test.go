package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhomTheOwnerBelievesIsSaidWhole(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		"":                             "",
		"[chain]\nverify = \"none\"\n": "",
		"[chain]\nverify = \"agreement\"\nwitnesses = [\"127.0.0.1:1\"]\n":                             "",
		"[chain]\ntrust-height = 7\ntrust-hash = \"" + hash + "\"\n":                                   "",
		"[chain]\nothers = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n":                                       "",
		"[chain]\nothers = [\"\"]\n":                                                                   "an empty one",
		"[chain]\nothers = [\"http://127.0.0.1:9090/\"]\n":                                             "each once",
		"[chain]\nothers = [\"127.0.0.1:1\", \"127.0.0.1:1\"]\n":                                       "each once",
		"[chain]\nothers = [\"127.0.0.1:1\"]\nwitnesses = [\"127.0.0.1:1\"]\n":                         "",
		"[chain]\nverify = \"agreement\"\nothers = [\"127.0.0.1:1\"]\nwitnesses = [\"127.0.0.1:1\"]\n": "chain.witnesses: expected nodes other than",
		"[chain]\nverify = \"agreement\"\nwitnesses = [\"127.0.0.1:9090\"]\n":                          "chain.witnesses: expected nodes other than",
		"[chain]\nverify = \"agreement\"\n":                                                            "chain.witnesses",
		"[chain]\nverify = \"hope\"\n":                                                                 "chain.verify",
		"[chain]\ntrust-height = 7\n":                                                                  "chain.trust-hash",
		"[chain]\ntrust-hash = \"" + hash + "\"\n":                                                     "chain.trust-height",
		"[chain]\ntrust-height = 7\ntrust-hash = \"abcd\"\n":                                           "64 hex digits",
		"[chain]\ntrust-height = -7\ntrust-hash = \"" + hash + "\"\n":                                  "above 0",
		"[chain]\ntrust-period = \"1m\"\n":                                                             "chain.trust-period",
		"[fees]\nmax-gas-price = \"\"\n":                                                               "fees.max-gas-price",
		"[fees]\nmax-tx = \"much\"\n":                                                                  "fees.max-tx",
		"[fees]\nmax-day = \"5other\"\n":                                                               "fees.max-day",
		"[fees]\nmax-tx = \"\"\nmax-day = \"\"\n":                                                      "",
		"[fees]\nduty-percent = 101\n":                                                                 "fees.duty-percent",
		"[fees]\nduty-percent = -1\n":                                                                  "fees.duty-percent",
		"[fees]\nduty-percent = nan\n":                                                                 "fees.duty-percent",
		"[fees]\nduty-percent = 0.5\n":                                                                 "",
		"[fees]\nmax-gas-price = \"3atfuel\"\nmax-tx = \"1tfuel\"\nmax-day = \"2tfuel\"\n":             "",
	} {
		c, err := Load(homeWith(t, text), nil, nil)
		if want == "" {
			require.NoError(t, err, text)
			_, _, _, err = c.Fees.Caps()
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, want, text)
	}
}

func TestProofIsTheDefaultAndFeesHaveLimits(t *testing.T) {
	c, err := Load(t.TempDir(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, "proof", c.Chain.Verify)
	require.False(t, c.Chain.InsecurePlaintext)
	gasPrice, tx, day, err := c.Fees.Caps()
	require.NoError(t, err)
	require.Equal(t, "20000000000atfuel", gasPrice.String())
	require.True(t, tx.IsPositive())
	require.True(t, tx.IsLT(day))
	require.Equal(t, uint32(500), c.Fees.DutyBps())
	c, err = Load(t.TempDir(), flagsWith(t, "--chain.insecure-plaintext", "true", "--chain.trust-height", "0"), nil)
	require.NoError(t, err)
	require.True(t, c.Chain.InsecurePlaintext)
}
