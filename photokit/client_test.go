package photokit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestFetchReturnsWhatWasProven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, _ int) {
			h.say(event{Event: "progress", ID: m.ID, Fraction: 0.5, Bytes: 10})
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, nil)
		var seen []int64
		r := request("A")
		r.Progress = func(bytes int64, _ float64) { seen = append(seen, bytes) }
		got, err := c.Fetch(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got.Proof != ProofFingerprint || got.Fingerprint != r.Want.Fingerprint || got.Size != r.Want.Size || got.Type != Photo || got.Name != "IMG.JPG" {
			t.Errorf("got %+v", got)
		}
		if left, _ := os.ReadDir(c.opt.Dir); len(left) != 0 {
			t.Errorf("the file still has a name: %s", left[0].Name())
		}
		delivered(t, got, nil, "A")
		if !slices.Equal(seen, []int64{10}) {
			t.Errorf("progress: %v", seen)
		}
	})
}

// Whatever comes instead of the original, it is asked for once more, and then
// parked; it is never returned.
func TestWhatIsNotTheOriginalIsNeverReturned(t *testing.T) {
	bad := map[string]func(h *life, m message){
		"a smaller picture": func(h *life, m message) { h.deliver(m, []byte("\xff\xd8\xffproxy\xff\xd9")) },
		"half of it":        func(h *life, m message) { h.deliver(m, content(m.Asset)[:9]) },
		"more than all":     func(h *life, m message) { h.deliver(m, append(content(m.Asset), 'x')) },
		"nothing":           func(h *life, m message) { h.deliver(m, nil) },
		"as long": func(h *life, m message) {
			b := content(m.Asset)
			b[8] ^= 1
			h.deliver(m, b)
		},
		"no file": func(h *life, m message) { h.say(event{Event: "done", ID: m.ID, Bytes: int64(len(content(m.Asset)))}) },
		"a lie about the length": func(h *life, m message) {
			os.WriteFile(m.Path, content(m.Asset), 0o600)
			h.say(event{Event: "done", ID: m.ID, Bytes: 3})
		},
		"a link": func(h *life, m message) {
			os.WriteFile(m.Path+".part", content(m.Asset), 0o600)
			os.Symlink(m.Path+".part", m.Path)
			h.say(event{Event: "done", ID: m.ID, Bytes: int64(len(content(m.Asset)))})
		},
		"a folder": func(h *life, m message) {
			os.Mkdir(m.Path, 0o700)
			h.say(event{Event: "done", ID: m.ID})
		},
	}
	for name, deliver := range bad {
		for _, hashed := range []bool{true, false} {
			if name == "as long" && !hashed {
				continue // nothing tells it from the original
			}
			t.Run(fmt.Sprint(name, hashed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &fake{fetch: func(h *life, m message, _ int) { deliver(h, m) }}
					c := f.client(t, nil)
					r := request("A")
					if !hashed {
						r.Want.Fingerprint = ""
					}
					got, err := c.Fetch(t.Context(), r)
					if name == "a link" {
						if err == nil || got != nil {
							t.Fatalf("got %v, %v", got, err)
						}
						return
					}
					if got != nil || !errors.Is(err, ErrNotOriginal) {
						t.Fatalf("got %v, %v", got, err)
					}
					if n := f.requests("A"); n != 2 {
						t.Errorf("it was asked for %d times", n)
					}
					_, err = c.Fetch(t.Context(), r)
					var parked *Parked
					if !errors.Is(err, ErrParked) || !errors.As(err, &parked) || parked.Reason != ReasonNotOriginal {
						t.Errorf("the next time: %v", err)
					}
					if n := f.requests("A"); n != 2 {
						t.Errorf("it was parked, and asked for %d times", n)
					}
				})
			})
		}
	}
}

func TestASecondTryBringsTheOriginalAfterAProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, n int) {
			if n == 1 {
				h.deliver(m, []byte("proxy"))
				return
			}
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, nil)
		got, err := c.Fetch(t.Context(), request("A"))
		delivered(t, got, err, "A")
	})
}

// 10,000 files of which three in ten fail twice at random: all come, and none is
// asked for more often than it must be.
func TestTenThousandOfWhichManyFailTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 3
		unlucky := map[string]bool{}
		list := assets(10_000)
		if testing.Short() {
			list = list[:1000]
		}
		for _, a := range list {
			unlucky[a] = rand.N(10) < 3
		}
		reasons := []Reason{ReasonFlaky, ReasonUnknown, "younger than photogo"}
		f := &fake{fetch: func(h *life, m message, n int) {
			time.Sleep(rand.N(time.Second))
			if unlucky[m.Asset] && n < 3 {
				h.fail(m, classRetry, reasons[n])
				return
			}
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, func(o *Options) { o.Jobs = most })
		for a, err := range fetchAll(t, c, list, 8) {
			if err != nil {
				t.Errorf("%s: %v", a, err)
			}
			n, should := f.requests(a), 1
			if unlucky[a] {
				should = 3
			}
			if n != should {
				t.Errorf("%s was asked for %d times instead of %d", a, n, should)
			}
		}
		if f.most != most {
			t.Errorf("%d requests at a time", f.most)
		}
		if c.Stats().Files != len(list) {
			t.Errorf("%+v", c.Stats())
		}
		if len(c.opt.Parking.List()) != 0 {
			t.Error("something is parked")
		}
	})
}

func TestWhatFailsForEverIsParkedAndTheRestComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, n int) {
			switch {
			case strings.HasSuffix(m.Asset, "3"):
				h.fail(m, classPark, ReasonMissing)
			case strings.HasSuffix(m.Asset, "5"):
				h.fail(m, classRetry, ReasonFlaky)
			default:
				h.deliver(m, content(m.Asset))
			}
		}}
		parking := NewParking()
		c := f.client(t, func(o *Options) { o.Parking = parking })
		list := assets(50)
		for a, err := range fetchAll(t, c, list, 4) {
			switch a[len(a)-1] {
			case '3':
				if !errors.Is(err, ErrMissing) || f.requests(a) != 1 {
					t.Errorf("%s: %v after %d requests", a, err, f.requests(a))
				}
			case '5':
				if !errors.Is(err, ErrFailed) || f.requests(a) != 4 {
					t.Errorf("%s: %v after %d requests", a, err, f.requests(a))
				}
			default:
				if err != nil {
					t.Errorf("%s: %v", a, err)
				}
			}
		}
		if n := len(parking.List()); n != 10 {
			t.Errorf("%d are parked", n)
		}
		time.Sleep(25 * time.Hour) // the next run
		before := f.requests("asset-00003")
		if _, err := c.Fetch(t.Context(), request("asset-00003")); !errors.Is(err, ErrMissing) || f.requests("asset-00003") != before+1 {
			t.Errorf("when it is due: %v", err)
		}
		if p := parking.List()[0]; p.Times != 2 || time.Until(p.Next) < 48*time.Hour {
			t.Errorf("the second time: %+v", p)
		}
		r := request("asset-00003")
		r.Version = "a new edit"
		if _, err := c.Fetch(t.Context(), r); errors.Is(err, ErrParked) {
			t.Errorf("another version: %v", err)
		}
	})
}

func TestOffline(t *testing.T) {
	for _, hour := range []struct {
		away time.Duration
		ends bool
	}{{5 * time.Minute, false}, {time.Hour, true}} {
		t.Run(hour.away.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				f := &fake{fetch: func(h *life, m message, _ int) {
					gone := time.Since(begin)
					if gone > 10*time.Second && gone < 10*time.Second+hour.away {
						h.fail(m, classRetry, ReasonOffline)
						return
					}
					time.Sleep(time.Second)
					h.deliver(m, content(m.Asset))
				}}
				c := f.client(t, nil)
				failed := 0
				for a, err := range fetchAll(t, c, assets(200), 4) {
					if err != nil {
						failed++
						if !errors.Is(err, ErrOffline) {
							t.Errorf("%s: %v", a, err)
						}
					}
				}
				if hour.ends != (failed > 0) || hour.ends != (c.Stopped() != nil) {
					t.Errorf("%d failed; stopped: %v", failed, c.Stopped())
				}
				if took := time.Since(begin); took > 25*time.Minute {
					t.Errorf("the run took %v", took)
				}
				if n := len(c.opt.Parking.List()); n != 0 {
					t.Errorf("%d are parked for what is not their fault", n)
				}
				asked := 0
				for _, n := range f.asked {
					asked += n
				}
				if asked > 350 {
					t.Errorf("it asked %d times", asked)
				}
			})
		})
	}
}

// One file that is always out of reach does not keep the others from coming, nor
// the run from ending.
func TestOneFileIsOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		f := &fake{fetch: func(h *life, m message, _ int) {
			if m.Asset == "asset-00005" {
				h.fail(m, classRetry, ReasonOffline)
				return
			}
			time.Sleep(time.Second)
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, nil)
		for a, err := range fetchAll(t, c, assets(500), 4) {
			if (a == "asset-00005") != errors.Is(err, ErrOffline) || a != "asset-00005" && err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}
		if c.Stopped() != nil || len(c.opt.Parking.List()) != 1 || time.Since(begin) > time.Hour {
			t.Errorf("stopped: %v; %d are parked after %v", c.Stopped(), len(c.opt.Parking.List()), time.Since(begin))
		}
	})
}

func TestIcloudIsLeftAloneAsLongAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		f := &fake{fetch: func(h *life, m message, n int) {
			times = append(times, time.Now())
			if n == 1 {
				h.say(event{Event: "failed", ID: m.ID, Class: classRetry, Reason: ReasonThrottled, After: 90})
				return
			}
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, nil)
		got, err := c.Fetch(t.Context(), request("A"))
		delivered(t, got, err, "A")
		if len(times) != 2 || times[1].Sub(times[0]) < 90*time.Second || times[1].Sub(times[0]) > 2*time.Minute {
			t.Errorf("asked at %v", times)
		}
	})
}

// What concerns all files ends the run at once.
func TestStopping(t *testing.T) {
	for reason, kind := range map[Reason]error{
		ReasonDenied: ErrDenied, ReasonLibrary: ErrLibrary, ReasonAccount: ErrAccount, ReasonSpace: ErrFull, ReasonFile: ErrFile,
	} {
		t.Run(string(reason), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{fetch: func(h *life, m message, _ int) {
					if m.Asset > "asset-00020" {
						h.fail(m, "nonsense", reason) // the reason decides
						return
					}
					h.deliver(m, content(m.Asset))
				}}
				c := f.client(t, nil)
				failed := 0
				for a, err := range fetchAll(t, c, assets(500), 4) {
					if err != nil {
						failed++
						if !errors.Is(err, kind) {
							t.Errorf("%s: %v", a, err)
						}
					}
				}
				if failed < 500-21 || failed > 500-21+8 || !errors.Is(c.Stopped(), kind) {
					t.Errorf("%d failed; stopped: %v", failed, c.Stopped())
				}
				if n := len(f.asked); n > 21+2*8 {
					t.Errorf("it went on asking for %d", n)
				}
				if n := len(c.opt.Parking.List()); n != 0 {
					t.Errorf("%d are parked for what is not their fault", n)
				}
				lives := 1
				if reason == ReasonDenied {
					lives = 2 // a consent counts only for a new process
				}
				if f.lives != lives {
					t.Errorf("%d helpers", f.lives)
				}
			})
		})
	}
}

func TestAHelperThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, n int) {
			time.Sleep(rand.N(time.Second))
			os.WriteFile(m.Path+".part", []byte("half"), 0o600)
			switch {
			case m.Asset == "asset-00017", m.Asset == "asset-00031":
				h.die() // each time
			case strings.HasSuffix(m.Asset, "9") && n == 1:
				h.die()
			default:
				os.Remove(m.Path + ".part")
				h.deliver(m, content(m.Asset))
			}
		}}
		c := f.client(t, nil)
		for a, err := range fetchAll(t, c, assets(100), 6) {
			switch a {
			case "asset-00017", "asset-00031":
				if !errors.Is(err, errDied) {
					t.Errorf("%s: %v", a, err)
				}
			default:
				if err != nil {
					t.Errorf("%s: %v", a, err)
				}
			}
		}
		if list := c.opt.Parking.List(); len(list) != 2 || list[0].Reason != ReasonCrash {
			t.Errorf("parked: %+v", list)
		}
	})
}

// A helper that cannot work ends the run, soon and with a reason.
func TestAHelperThatNeverWorks(t *testing.T) {
	for name, test := range map[string]struct {
		fake *fake
		kind error
	}{
		"dies at once":        {&fake{hello: func(h *life) { h.die() }}, ErrHelper},
		"says nothing":        {&fake{hello: func(h *life) {}}, ErrHelper},
		"says something else": {&fake{hello: func(h *life) { h.line("Usage: helper [options]") }}, ErrHelper},
		"another version":     {&fake{hello: func(h *life) { h.say(event{Event: "hello", Protocol: 2}) }}, ErrVersion},
		"floods": {&fake{hello: func(h *life) {
			for h.out != nil {
				if _, err := fmt.Fprintln(h.out, "y"); err != nil {
					return
				}
			}
		}}, ErrHelper},
		"an endless line": {&fake{hello: func(h *life) {
			for {
				if _, err := fmt.Fprint(h.out, strings.Repeat("y", 1000)); err != nil {
					return
				}
			}
		}}, ErrHelper},
		"dies at each request": {&fake{fetch: func(h *life, _ message, _ int) { h.die() }}, ErrHelper},
		"talks nonsense": {&fake{fetch: func(h *life, _ message, _ int) {
			for range 2 * maxNonsense {
				h.line("{}")
			}
		}}, ErrHelper},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				c := test.fake.client(t, nil)
				errs := fetchAll(t, c, assets(500), 4)
				for a, err := range errs {
					if err == nil || !errors.Is(err, test.kind) && !errors.Is(err, errDied) {
						t.Errorf("%s: %v", a, err)
					}
				}
				if !errors.Is(c.Stopped(), test.kind) {
					t.Errorf("stopped: %v", c.Stopped())
				}
				if test.fake.lives > maxDeaths+2 || time.Since(begin) > 10*time.Minute {
					t.Errorf("%d helpers in %v", test.fake.lives, time.Since(begin))
				}
			})
		})
	}
}

// A helper that dies takes the requests with it that were under way. That is one
// death, not one for each of them, and no reason to ask for nothing any more.
func TestADeathCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const jobs = 6
		all := make(chan struct{})
		var under atomic.Int32
		f := &fake{fetch: func(h *life, m message, n int) {
			switch n {
			case 1:
				if under.Add(1) == jobs {
					close(all)
				}
				<-all
				h.die()
			case 2:
				h.die()
			default:
				h.deliver(m, content(m.Asset))
			}
		}}
		c := f.client(t, func(o *Options) { o.Jobs = jobs })
		for a, err := range fetchAll(t, c, assets(jobs), jobs) {
			if err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}
		if c.Stopped() != nil || f.lives != jobs+2 {
			t.Errorf("%d helpers, stopped: %v", f.lives, c.Stopped())
		}
	})
}

// Noise on the pipe does no harm.
func TestNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, n int) {
			h.line("warning: something of a library that prints")
			h.line(`{"event":"surprise"}`)
			h.line(strings.Repeat("x", 3*maxLine))
			h.say(event{Event: "done", ID: 4711})
			h.say(event{Event: "error", Message: "what?"})
			h.deliver(m, content(m.Asset))
			h.say(event{Event: "done", ID: m.ID, Bytes: 1})
			h.say(event{Event: "stalled", ID: m.ID})
		}}
		c := f.client(t, nil)
		for _, a := range assets(5) {
			got, err := c.Fetch(t.Context(), request(a))
			delivered(t, got, err, a)
		}
		if f.lives != 1 {
			t.Errorf("%d helpers", f.lives)
		}
		if err := c.sweep(); err != nil {
			t.Error(err)
		}
	})
}

// A helper that hangs itself, without its own timers, is replaced, and so is one
// that repeats its progress for ever.
func TestAHelperThatHangs(t *testing.T) {
	for name, hang := range map[string]func(h *life, m message){
		"silently": func(h *life, m message) { h.hang(m) },
		"deaf": func(h *life, m message) {
			h.deaf.Store(true)
			<-h.gone
		},
		"with the same progress": func(h *life, m message) {
			for h.pause(time.Second) {
				h.say(event{Event: "progress", ID: m.ID, Fraction: 0.5, Bytes: 100})
			}
		},
		"with little progress for ever": func(h *life, m message) {
			for i := int64(0); h.pause(time.Minute); i++ {
				h.say(event{Event: "progress", ID: m.ID, Fraction: 0.5, Bytes: i})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{fetch: func(h *life, m message, n int) {
					if m.Asset == "asset-00004" && n == 1 || m.Asset == "asset-00007" {
						hang(h, m)
						return
					}
					h.deliver(m, content(m.Asset))
				}}
				c := f.client(t, nil)
				for a, err := range fetchAll(t, c, assets(20), 4) {
					if a == "asset-00007" {
						if !errors.Is(err, ErrStalled) {
							t.Errorf("%s: %v", a, err)
						}
					} else if err != nil {
						t.Errorf("%s: %v", a, err)
					}
				}
				if n := f.requests("asset-00007"); n < 2 || n > maxCrash { // one may have been made to a helper that was deaf already
					t.Errorf("it was asked for %d times", n)
				}
				if f.lives < 2 {
					t.Error("the helper was not replaced")
				}
			})
		})
	}
}

// When nothing comes any more, the next ten thousand are not waited for.
func TestEverythingStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		f := &fake{fetch: func(h *life, m message, _ int) {
			time.Sleep(2 * time.Minute)
			h.say(event{Event: "stalled", ID: m.ID, Seconds: 120})
		}}
		c := f.client(t, nil)
		for a, err := range fetchAll(t, c, assets(10_000), 4) {
			if !errors.Is(err, ErrOffline) && !errors.Is(err, ErrStalled) {
				t.Errorf("%s: %v", a, err)
			}
		}
		if took := time.Since(begin); took > time.Hour {
			t.Errorf("the run took %v", took)
		}
	})
}

func TestTheHelperIsRecycled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, n int) {
			time.Sleep(rand.N(time.Second))
			if h.n == 3 && m.Asset[len(m.Asset)-1] == '7' {
				h.say(event{Event: "bye", Reason: "abandoned"})
				h.die()
				return
			}
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, func(o *Options) { o.Recycle = 20 })
		for a, err := range fetchAll(t, c, assets(200), 4) {
			if err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}
		if f.lives < 10 || f.lives > 14 || c.Stats().Starts != f.lives {
			t.Errorf("%d helpers, %d started", f.lives, c.Stats().Starts)
		}
	})
}

// What a helper cancels because others made it leave is asked for again, however
// often that happens: it is not a failure of the file.
func TestAHelperThatLeavesTakesNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, n int) {
			if n <= 8 {
				h.say(event{Event: "bye", Reason: "abandoned"})
				h.fail(m, classRetry, ReasonCancelled)
				h.die()
				return
			}
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, nil)
		got, err := c.Fetch(t.Context(), request("A"))
		delivered(t, got, err, "A")
		if len(c.opt.Parking.List()) != 0 || f.requests("A") != 9 {
			t.Errorf("asked for %d times, parked %v", f.requests("A"), c.opt.Parking.List())
		}
	})
}

func TestCancelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cancelled := make(chan bool, 1)
		f := &fake{fetch: func(h *life, m message, _ int) {
			if m.Asset != "A" {
				h.deliver(m, content(m.Asset))
				return
			}
			os.WriteFile(m.Path+".part", []byte("half"), 0o600)
			cancelled <- h.hang(m)
			os.Remove(m.Path + ".part")
			h.fail(m, classRetry, ReasonCancelled)
		}}
		c := f.client(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel() }()
		begin := time.Now()
		if _, err := c.Fetch(ctx, request("A")); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if !<-cancelled || time.Since(begin) > 2*time.Second {
			t.Error("the helper was not told")
		}
		if len(c.opt.Parking.List()) != 0 {
			t.Error("what was cancelled is parked")
		}
		got, err := c.Fetch(t.Context(), request("B"))
		delivered(t, got, err, "B")
		if f.lives != 1 {
			t.Errorf("%d helpers", f.lives)
		}
	})
}

func TestClosingEndsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fetch: func(h *life, m message, _ int) { h.hang(m) }}
		c := f.client(t, nil)
		go func() { time.Sleep(time.Second); c.Close() }()
		if _, err := c.Fetch(t.Context(), request("A")); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if _, err := c.Fetch(t.Context(), request("B")); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

func TestTheBudget(t *testing.T) {
	size := want("asset-00000").Size
	for name, test := range map[string]struct {
		budget Budget
		most   int
	}{
		"assets": {Budget{Assets: 7}, 7},
		"bytes":  {Budget{Bytes: 7*size + size/2}, 7},
		"time":   {Budget{Time: 6500 * time.Millisecond}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{fetch: func(h *life, m message, n int) {
					time.Sleep(time.Second)
					h.deliver(m, content(m.Asset))
				}}
				c := f.client(t, func(o *Options) { o.Budget = test.budget })
				came := 0
				for a, err := range fetchAll(t, c, assets(20), 1) {
					if err == nil {
						came++
					} else if !errors.Is(err, ErrBudget) {
						t.Errorf("%s: %v", a, err)
					}
				}
				if came != test.most || len(f.asked) != test.most {
					t.Errorf("%d came, %d were asked for", came, len(f.asked))
				}
				if n := len(c.opt.Parking.List()); n != 0 {
					t.Errorf("%d are parked", n)
				}
				if test.budget.Assets > 0 { // another file of the same asset
					r := request("asset-00000")
					if got, err := c.Fetch(t.Context(), r); err != nil {
						t.Error(err)
					} else {
						got.Close()
					}
				}
			})
		})
	}
}

func TestTheDiskKeepsItsReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := int64(10_000)
		f := &fake{fetch: func(h *life, m message, _ int) {
			h.fake.mu.Lock()
			free -= 2 * int64(len(content(m.Asset)))
			h.fake.mu.Unlock()
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, func(o *Options) {
			o.Reserve = Reserve{Bytes: 9_000, Folders: []string{"the library"}, Free: func(string) (int64, int64, string, error) {
				f.mu.Lock()
				defer f.mu.Unlock()
				return free, 1 << 40, "disk", nil
			}}
		})
		came := 0
		for a, err := range fetchAll(t, c, assets(100), 3) {
			if err == nil {
				came++
			} else if !errors.Is(err, ErrSpace) {
				t.Errorf("%s: %v", a, err)
			}
		}
		if free < 9_000 || came == 0 || came == 100 {
			t.Errorf("%d came, %d bytes are free", came, free)
		}
	})
}

// Of a file whose size nobody knows no more comes than the disk may hold; what is
// longer waits for room, and is not parked.
func TestAFileOfUnknownSizeKeepsTheReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keep = 1 << 30
		free := int64(keep + 300<<20)
		var limits []int64
		f := &fake{fetch: func(h *life, m message, n int) {
			limits = append(limits, m.Limit)
			if n == 1 {
				h.fail(m, classPark, ReasonTooLong)
				return
			}
			h.deliver(m, content(m.Asset))
		}}
		c := f.client(t, func(o *Options) {
			o.Jobs = 1
			o.Reserve = Reserve{Bytes: keep, Folders: []string{"the library"}, Free: func(string) (int64, int64, string, error) {
				return free, 1 << 40, "disk", nil
			}}
		})
		r := request("A")
		r.Want.Size = 0
		if _, err := c.Fetch(t.Context(), r); !errors.Is(err, ErrSpace) || len(c.opt.Parking.List()) != 0 {
			t.Errorf("%v, parked %v", err, c.opt.Parking.List())
		}
		free += 1 << 30
		got, err := c.Fetch(t.Context(), r)
		delivered(t, got, err, "A")
		if want := []int64{150 << 20, 150<<20 + 1<<29}; !slices.Equal(limits, want) {
			t.Errorf("limits were %d, want %d", limits, want)
		}
	})
}

func TestReady(t *testing.T) {
	for name, test := range map[string]struct {
		status event
		kind   error
	}{
		"well":           {event{Authorization: "authorized", Known: []string{"b"}}, nil},
		"denied":         {event{Authorization: "denied", Known: []string{"B"}}, ErrDenied},
		"limited":        {event{Authorization: "limited", Known: []string{"B"}}, ErrDenied},
		"never asked":    {event{Authorization: "notDetermined"}, ErrDenied},
		"another":        {event{Authorization: "authorized", Known: []string{"C"}}, ErrLibrary},
		"cannot be read": {event{Authorization: "authorized", Known: []string{"B"}, Unavailable: "offline"}, ErrLibrary},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{status: func(h *life, m message) {
					test.status.Event, test.status.ID = "status", m.ID
					h.say(test.status)
				}}
				if err := f.client(t, nil).Ready(t.Context(), "A", "B"); !errors.Is(err, test.kind) {
					t.Error(err)
				}
			})
		})
	}
	for asks, lives := range map[bool]int{false: 1, true: 2} { // a consent counts only for a new process
		synctest.Test(t, func(t *testing.T) {
			f := &fake{status: func(h *life, m message) {
				e := event{Event: "status", ID: m.ID, Authorization: "notDetermined"}
				if h.n == 2 {
					e.Authorization, e.Known = "authorized", m.Probe
				}
				h.say(e)
			}}
			err := f.client(t, func(o *Options) { o.Ask = asks }).Ready(t.Context(), "A")
			if asks != (err == nil) || !asks && !errors.Is(err, ErrDenied) || f.lives != lives {
				t.Errorf("asks: %v, %v, %d helpers", asks, err, f.lives)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := &fake{status: func(*life, message) {}}
		if err := f.client(t, nil).Ready(t.Context(), "A"); !errors.Is(err, ErrHelper) {
			t.Error(err)
		}
	})
}
