"""One frame of a genuine sequence driven by the face mesh of the sequence: pup-VERSION blobs per clip"""
import os
import sys,json,pathlib,glob,csv
import cv2,numpy as np
from scipy.interpolate import LinearNDInterpolator
from mediapipe.python.solutions import face_mesh
cv2.setNumThreads(1)
rows={r['id']:r for r in csv.DictReader(open(os.environ['WORK']+'/pictures.csv'))}
mesh=face_mesh.FaceMesh(static_image_mode=True,max_num_faces=1,refine_landmarks=False,min_detection_confidence=0.3)
def points(p):
    r=mesh.process(p)
    if not r.multi_face_landmarks: return None
    h,w=p.shape[:2]; return np.array([(q.x*w,q.y*h) for q in r.multi_face_landmarks[0].landmark],np.float32)
O=pathlib.Path(os.environ['SEEN']+'/pup'); O.mkdir(exist_ok=True)
n=0
for f in sorted(glob.glob(os.environ['SEEN']+'/frames/*.npz')):
    i,v=pathlib.Path(f).stem.split('-')
    if v.endswith('.tmp') or rows[i]['label']!='real' or (O/f'{i}-{v}.npz').exists(): continue
    t=np.load(f); data=t['seq']; at=0; got=[]; known=set()
    for s,lm,k in json.loads(str(t['seq_i'])):
        if s not in known:
            known.add(s); got.append((s,cv2.imdecode(data[at:at+k],1)[...,::-1],lm))
        at+=k
    out=[]; runs=[];now=[]
    for e in got:
        if now and (e[0]-now[-1][0]>.15 or e[1].shape!=now[0][1].shape): now=[]
        now.append(e)
        if len(now)==8: runs.append(now); now=[]
    rng=np.random.default_rng(int(i,16)%2**31)
    for k,run in enumerate(runs):
        other=runs[(k+1)%len(runs)] if rng.random()<.6 else run
        src=other[int(rng.integers(8))][1]
        if src.shape!=run[0][1].shape: src=run[0][1]
        a=points(src)
        if a is None: continue
        h=src.shape[0]; e=np.linspace(0,h-1,6); edge=np.array([(x,y) for x in e for y in e if x in(0,h-1) or y in(0,h-1)],np.float32)
        yy,xx=np.mgrid[0:h:2,0:h:2]
        frames=[]
        for s,p,lm in run:
            b=points(p)
            if b is None: break
            inter=LinearNDInterpolator(np.r_[b,edge],np.r_[a,edge].astype(np.float64))
            m=inter(xx,yy); m=np.where(np.isnan(m),np.stack([xx,yy],-1),m).astype(np.float32)
            m=cv2.resize(m,(h,h),interpolation=cv2.INTER_LINEAR)
            w=cv2.remap(src,m[...,0],m[...,1],cv2.INTER_CUBIC,borderMode=cv2.BORDER_REPLICATE)
            frames.append((s,w,lm))
        if len(frames)==8: out+=frames
    b=[cv2.imencode('.jpg',w[...,::-1],[1,93])[1].tobytes() for _,w,_ in out]
    np.savez(O/f'{i}-{v}.npz',seq=np.frombuffer(b''.join(b),np.uint8),seq_i=json.dumps([(s,lm,len(x)) for (s,_,lm),x in zip(out,b)]))
    n+=1
    if n%20==0: print(n,flush=True)
print('done',n)
