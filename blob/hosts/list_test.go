package hosts

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAListContainsExactlyTheServersThatItNames(t *testing.T) {
	for name, c := range map[string]struct {
		list     []string
		inside   []string
		outside  []string
		whatElse string
	}{
		"nothing": {nil, nil, []string{"https://relay.example/", "http://127.0.0.1/"}, ""},
		"a host": {
			[]string{"relay.example"},
			[]string{"https://relay.example", "http://relay.example/a/b?c", "https://RELAY.Example/", "https://relay.example./", "https://relay.example:443/", "http://relay.example:443/", "https://relay.example:0443/", "http://relay.example:/x"},
			[]string{"https://relay.example.evil/", "https://evilrelay.example/", "https://a.relay.example/", "https://evil/relay.example", "https://evil/?relay.example", "https://evil#relay.example", "https://relay.example../", "https://.relay.example/", "https://relay..example/"},
			"",
		},
		"below a domain": {
			[]string{"*.relay.example"},
			[]string{"https://a.relay.example/", "https://a.b.relay.example/", "https://A.RELAY.EXAMPLE./"},
			[]string{"https://relay.example/", "https://arelay.example/", "https://.relay.example/", "https://a..relay.example/", "https://relay.example.a/"},
			"",
		},
		"a port": {
			[]string{"relay.example:8443"},
			[]string{"https://relay.example:8443/", "http://relay.example:8443/"},
			[]string{"https://relay.example/", "https://relay.example:443/", "https://relay.example:22/"},
			"port 443 of relay.example",
		},
		"every port":               {[]string{"relay.example:*"}, []string{"https://relay.example:22/", "https://relay.example/"}, []string{"https://other.example/"}, ""},
		"ports are those of a web": {[]string{"relay.example"}, nil, []string{"http://relay.example:22/", "http://relay.example:8080/"}, "port 22 of relay.example"},
		"every host":               {[]string{"*"}, []string{"https://anything.example/", "http://192.0.2.7/", "http://[2001:db8::1]/"}, []string{"http://anything.example:8080/"}, "port 8080 of anything.example"},
		"every host and port":      {[]string{"*:*"}, []string{"https://anything.example:1/", "http://[2001:db8::1]:8080/"}, nil, ""},
		"addresses": {
			[]string{"192.0.2.7", "[2001:db8::1]:7070", "2001:DB8::2"},
			[]string{"http://192.0.2.7/", "http://[2001:db8::1]:7070/", "http://[2001:DB8:0::2]/", "http://[::ffff:192.0.2.7]/"},
			[]string{"http://192.0.2.8/", "http://[2001:db8::1]/", "http://[2001:db8::3]/", "http://[2001:db8::2%25eth0]/", "http://192.0.2.07/", "http://3221225991/", "http://0xc0.0x00.0x02.0x07/", "http://192.0.519/"},
			"",
		},
		"a domain never contains addresses": {[]string{"*.example"}, nil, []string{"http://192.0.2.7/", "http://[2001:db8::1]/"}, ""},
		"names with other letters": {
			[]string{"bücher.example", "*.xn--bcher-kva.test"},
			[]string{"https://xn--bcher-kva.example/", "https://BÜCHER.example/", "https://bücher。example/", "https://a.bücher.test/"},
			[]string{"https://bucher.example/", "https://xn--bcher-kvb.example/"},
			"",
		},
		"users and kinds": {
			[]string{"good.example", "*.good.example"},
			nil,
			[]string{"https://good.example@evil.example/", "https://good.example:secret@evil.example/", "https://user@good.example/", "https://@good.example/", "ftp://good.example/", "file:///good.example", "//good.example/", "good.example", "https:good.example", "https://good.example\\@evil.example/", "https://evil.example/@good.example", "https://good.example%2eevil.example/", "https://good.example%00.evil.example/", "https:///good.example", "https://good.example:0/", "https://good.example:65979/", "https://good.example:443:443/"},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := Parse(c.list)
			require.NoError(t, err)
			for _, address := range c.inside {
				require.Empty(t, list.Outside(address), address)
				u, err := url.Parse(address)
				require.NoError(t, err)
				require.NoError(t, list.Check(u), address)
			}
			for i, address := range c.outside {
				what := list.Outside(address)
				require.NotEmpty(t, what, address)
				if c.whatElse != "" && i == 0 {
					require.Equal(t, c.whatElse, what)
				}
				if u, err := url.Parse(address); err == nil {
					require.ErrorIs(t, list.Check(u), ErrUnlisted, address)
				}
			}
		})
	}
}

func TestAnItemThatIsNoHostIsRefusedWithWhatWouldWork(t *testing.T) {
	for item, want := range map[string]string{
		"":                           "such as relay.example",
		"https://relay.example":      "without https://",
		"relay.example/path":         "without a path",
		"user@relay.example":         "the host alone",
		"re lay.example":             "the host alone",
		"*relay.example":             "a star alone",
		"a.*.example":                "a star alone",
		"**":                         "a star alone",
		"*.":                         "such as",
		"*.192.0.2.7":                "such as",
		"..":                         "such as",
		"relay..example":             "such as",
		"../relay.example":           "the host alone",
		"127.1":                      "such as",
		"relay.example:0":            "a port",
		"relay.example:65536":        "a port",
		"relay.example:":             "a port",
		"relay.example:web":          "a port",
		"fe80::1%eth0":               "such as",
		strings.Repeat("a", 64):      "such as",
		strings.Repeat("ab.", 100):   "such as",
		"relay.example,evil.example": "such as",
	} {
		_, err := Parse([]string{"good.example", item})
		require.ErrorContains(t, err, want, item)
	}
	_, err := Parse(make([]string, maxPatterns+1))
	require.ErrorContains(t, err, "at most 1000")
}

func TestOnlyAStarAloneIsEverything(t *testing.T) {
	for item, everything := range map[string]bool{"*": true, "*:*": true, "*:8080": true, "*.example": false, "relay.example:*": false} {
		list, err := Parse([]string{item})
		require.NoError(t, err)
		require.Equal(t, everything, list.Everything(), item)
	}
}

func FuzzANameOnTheListIsTheHostThatIsDialed(f *testing.F) {
	for _, seed := range []string{"https://good.example/", "https://good.example@evil/", "http://a.good.example:80/", "https://good.example.:443/", "http://[::1]/"} {
		f.Add(seed)
	}
	list, err := Parse([]string{"good.example", "*.good.example"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if list.Outside(address) != "" {
			return
		}
		u, err := url.Parse(address)
		require.NoError(t, err)
		host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		if ascii(host) {
			require.True(t, host == "good.example" || strings.HasSuffix(host, ".good.example"), address)
		}
		require.Nil(t, u.User)
	})
}
