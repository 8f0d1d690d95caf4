"""10 Hz crops (160), 5 Hz crops of 256, regions of 416 (every 0.8 s), and sequences of 8 regions at 10 Hz"""
import os
import sys,csv,json,pathlib,tempfile,subprocess
import cv2,numpy as np
import frames,geometry,eyes
cv2.setNumThreads(1)
W=pathlib.Path(os.environ['WORK']); O=pathlib.Path(os.environ['SEEN']+'/frames'); O.mkdir(exist_ok=True)
frames.EVERY_S=0.1
part,parts=map(int,sys.argv[1].split('/'))
rows=[r for r in csv.DictReader(open(W/'pictures.csv')) if r['kind']=='clip']
sight=eyes.Eyes(os.environ['YUNET'])
BIG,WIDE,SEQ=416,5.4,224
def enc(x,v): return cv2.imencode('.jpg',x,[1,96])[1] if v=='plain' else cv2.imencode('.webp',x,[cv2.IMWRITE_WEBP_QUALITY,94])[1]
def region(p,lm,most):
    x,y,d,roll=geometry.pose(lm); size=int(min(most,max(64,np.ceil(WIDE*d))))
    r,m=geometry.square(p,(x,y),WIDE*d,roll,size); return r,geometry.moved(lm,m).ravel().round(2).tolist()
def take(row,path):
    last=None; out=dict(facts=[],c160=[],c256=[],big=[],seq=[])
    for n,(s,p) in enumerate(frames.pictures(path,min(float(row['seconds'])+.2,6.2))):
        f=eyes.follow(sight.faces(p),last); last=f
        if f is None or f[2]*f[3]<=0: continue
        lm=f[4:14]; c,_=geometry.crop(p,lm)
        e=dict(s=round(s,2),face_px=float(f[2]+f[3])/2,lm=np.asarray(lm).round(2).tolist(),**{k:v for k,v in frames.facts(p,f,c).items() if k!='face_px'})
        out['facts'].append(e); out['c160'].append(c[...,::-1])
        k=int(round(s*10))
        if k%2==0: out['c256'].append(geometry.crop(p,lm,size=256)[0][...,::-1])
        if k%8==0: r,m=region(p,lm,BIG); out['big'].append((round(s,2),r,m))
        if k%16<8: r,m=region(p,lm,SEQ); out['seq'].append((round(s,2),r,m))
    return out
for row in rows[part::parts]:
    for v in ('plain','line'):
        path=O/f"{row['id']}-{v}.npz"
        if path.is_file(): continue
        with tempfile.NamedTemporaryFile(suffix='.mkv') as t:
            src=row['path']
            if v!='plain':
                subprocess.run(['ffmpeg','-nostdin','-v','error','-y','-threads','1','-i',row['path'],'-t','60','-an',*frames.line(row,v),'-threads','1',t.name],check=True,stderr=subprocess.DEVNULL); src=t.name
            o=take(row,src)
        e=np.zeros((0,160,160,3),np.uint8)
        def blob(k):
            b=[enc(r,v).tobytes() for _,r,_ in o[k]]
            return np.frombuffer(b''.join(b),np.uint8),json.dumps([(s,m,len(x)) for (s,_,m),x in zip(o[k],b)])
        bb,bi=blob('big'); sb,si=blob('seq')
        np.savez(str(path)+'.tmp.npz',c160=np.stack(o['c160']) if o['c160'] else e,c256=np.stack(o['c256']) if o['c256'] else e,facts=json.dumps(o['facts']),big=bb,big_i=bi,seq=sb,seq_i=si)
        pathlib.Path(str(path)+'.tmp.npz').replace(path)
print('done')
